const maxCandidates = 1000

/** At most three of the legal names within edit distance 2, nearest first (spec: config-language.md 24.1). */
export function suggest(name: string, legal: Iterable<string>): string[] {
  const found: { name: string; distance: number }[] = []
  // Two letters of a short word are another word.
  const allowed = name.length <= 4 ? 1 : 2
  let tried = 0
  for (const candidate of legal) {
    if (++tried > maxCandidates) break
    if (Math.abs(candidate.length - name.length) > 2) continue
    const distance = editDistance(name, candidate)
    if (distance > 0 && distance <= allowed && distance < candidate.length) found.push({ name: candidate, distance })
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
  return found.slice(0, 3).map((one) => one.name)
}

/** `did you mean "a" or "b"?`, or undefined when nothing is near. */
export function didYouMean(name: string, legal: Iterable<string>): string | undefined {
  const names = suggest(name, legal)
  if (names.length === 0) return undefined
  return `did you mean ${names.map((one) => `"${one}"`).join(' or ')}?`
}

/** A value as it may stand in a message: at most 120 characters, of one line, without control characters. */
export function cut(value: string): string {
  const short = value.length <= 120 ? value : `${value.slice(0, 119)}…`
  return short.replace(/[\0-\x1f\x7f-\x9f]+/g, ' ').trim()
}

/** The distance when it is at most 2, else 3; only the five cells around the diagonal can matter. */
function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return 3
  let previous = [0, 1, 2]
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(0, i - 2)
    const to = Math.min(b.length, i + 2)
    const shift = from - Math.max(0, i - 3)
    const current: number[] = []
    let least = 3
    for (let j = from; j <= to; j++) {
      const above = previous[j - from + shift] ?? 3
      const diagonal = j === 0 ? 3 : (previous[j - from + shift - 1] ?? 3) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const value = Math.min(diagonal, above + 1, (current[j - from - 1] ?? 3) + 1, 3)
      current.push(j === 0 ? Math.min(i, 3) : value)
      least = Math.min(least, current[j - from] ?? 3)
    }
    if (least === 3) return 3
    previous = current
  }
  return previous.at(-1) ?? 3
}
