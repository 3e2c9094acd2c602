import type { ImageMapRule } from './settings.ts'

/** The image to use in place of `image`, or undefined when no rule fits. The first rule that fits wins. */
export function mapImage(rules: readonly ImageMapRule[], image: string): string | undefined {
  const { repository, tag, digest } = parseReference(image)
  const full = tag === undefined && digest === undefined ? `${repository}:latest` : image
  return rules.find((rule) => matches(rule.match, image) || matches(rule.match, full))?.image
}

/** `*` matches any run of characters. Scans from left to right without backtracking: patterns cannot blow up. */
function matches(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  if (!text.startsWith(head)) return false

  const tail = rest.pop() ?? ''
  let from = head.length
  for (const part of rest) {
    const at = text.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return text.length - tail.length >= from && text.endsWith(tail)
}

export interface Reference {
  repository: string
  tag?: string
  digest?: string
}

/** Splits `host:5000/team/name:tag@sha256:…`; a colon before the last slash belongs to the host. */
export function parseReference(image: string): Reference {
  const [name = '', digest] = image.split('@', 2)
  const colon = name.lastIndexOf(':')
  const hasTag = colon > name.lastIndexOf('/')
  return {
    repository: hasTag ? name.slice(0, colon) : name,
    ...(hasTag ? { tag: name.slice(colon + 1) } : {}),
    ...(digest === undefined ? {} : { digest }),
  }
}

/** Registry host that credentials for this image belong to, in the form the engine wants. */
export function registryOf(image: string): string {
  const { repository } = parseReference(image)
  const [first = '', ...rest] = repository.split('/')
  const isHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  return isHost ? first : 'https://index.docker.io/v1/'
}
