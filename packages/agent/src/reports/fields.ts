/** Characters of a message (a stack trace, a diff) that are kept of one test. */
export const maxMessageLength = 64 * 1024

/**
 * A `time` attribute in seconds. Thousands separators are removed (`1,234.5`), a lone comma is a decimal one (`0,25`);
 * what is missing, negative or no number is 0.
 */
export function parseSeconds(text: string | undefined): number {
  const trimmed = text?.trim() ?? ''
  const grouped = /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/.test(trimmed)
  const seconds = Number(grouped ? trimmed.replaceAll(',', '') : trimmed.replace(',', '.'))
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0
}

/** A test file's path as the repository names it: without leading `./`. */
export function repoPath(file: string): string {
  return file.replace(/^(?:\.\/)+/, '')
}

/** The beginning of a text that is too long, and how much is missing. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`
}
