/** Splits a command line into words by the POSIX quoting rules, without any expansion. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word = ''
  let inWord = false
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? ''
    if (quote !== '') {
      if (char === quote) quote = ''
      else if (char === '\\' && quote === '"' && /["\\$`]/.test(line[at + 1] ?? '')) word += line[++at]
      else word += char
    } else if (/\s/.test(char)) {
      if (inWord) words.push(word)
      word = ''
      inWord = false
    } else {
      inWord = true
      if (char === '"' || char === "'") quote = char
      else if (char === '\\') word += line[++at] ?? ''
      else word += char
    }
  }
  if (inWord) words.push(word)
  return words
}
