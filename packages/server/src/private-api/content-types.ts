/**
 * Types that a browser shows without running anything of theirs. An artifact is a stranger's file under our own name:
 * all other text is sent as plain text, and all other bytes as a download (execution.md 13).
 */
const shown = new Set([
  'application/json',
  'application/pdf',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'text/csv',
  'text/plain',
  'video/mp4',
  'video/ogg',
  'video/webm',
])

const readAsText =
  /^(text\/|application\/(xml|xhtml\+xml|javascript|x-javascript|ecmascript|x-sh|yaml|x-yaml|toml)$|image\/svg\+xml$|.*\+(xml|json)$)/

/** The content type to answer with, whatever the job said. */
export function safeContentType(claimed: string): string {
  const type = claimed.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/plain' || readAsText.test(type))
    return shown.has(type) ? `${type}; charset=utf-8` : 'text/plain; charset=utf-8'
  if (shown.has(type)) return type
  return 'application/octet-stream'
}
