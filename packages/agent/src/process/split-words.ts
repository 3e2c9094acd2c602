/**
 * Splits a shell line into words by the quoting rules of POSIX shells: blanks separate, `'…'` is literal, `"…"` keeps
 * blanks and knows `\"`, `\\`, `\$` and `` \` ``, a backslash outside of quotes takes the next character literally. Nothing is
 * expanded. An unclosed quote runs to the end.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? ''
    if (quote !== undefined) {
      if (char === quote) quote = undefined
      else if (quote === '"' && char === '\\' && '"\\$`'.includes(line[at + 1] ?? 'x')) word = (word ?? '') + line[++at]
      else word = (word ?? '') + char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '\\') word = (word ?? '') + (line[++at] ?? '')
    else word = (word ?? '') + char
  }
  if (word !== undefined) words.push(word)
  return words
}
