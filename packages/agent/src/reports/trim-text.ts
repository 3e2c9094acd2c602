import type { SaxesParser } from 'saxes'

/** Far more than is kept of any text. */
const mostCharacters = 1024 * 1024

/**
 * Forgets the end of a text that is under way. The parser gathers a text, a comment or an attribute whole before it hands
 * it out, and the output of a test run in a report may have hundreds of megabytes. Called after each piece that is written.
 * The field is the parser's own; its version is pinned, and a test of the memory holds the two together.
 */
export function trimText(parser: SaxesParser): void {
  const open = parser as unknown as { text: string }
  if (open.text.length > mostCharacters) open.text = open.text.slice(0, mostCharacters)
}
