/** Shorter values are not masked: they would blot out ordinary words (spec: execution.md 18.2). */
const minCharacters = 4
const neverMasked: ReadonlySet<string> = new Set(['true', 'True', 'false', 'False'])

/**
 * The byte strings to look for, without duplicates, longest first. A value counts whole, without the white space around
 * it, with each line ending (a terminal turns `\n` into `\r\n`), and line by line.
 */
export function needlesOf(values: readonly string[]): Buffer[] {
  const texts = new Set<string>()
  for (const value of values) {
    const unix = value.replace(/\r\n/g, '\n')
    for (const text of [value, unix, unix.replace(/\n/g, '\r\n')]) {
      texts.add(text)
      texts.add(text.trim())
    }
    if (unix.includes('\n')) {
      for (const line of unix.split('\n')) {
        texts.add(line)
        texts.add(line.trim())
      }
    }
  }
  return [...texts]
    .filter((text) => [...text].length >= minCharacters && text.trim() !== '' && !neverMasked.has(text))
    .map((text) => Buffer.from(text))
    .sort((a, b) => b.length - a.length)
}
