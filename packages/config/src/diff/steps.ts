import { canonical, isMap, type Plain } from './canonical.ts'

export interface StepPair {
  /** Number of the step, from 1: in the second list, or in the first when the second lacks it. */
  number: number
  left?: Plain
  right?: Plain
}

const maxCells = 4_000_000

/**
 * Pairs of the steps that differ. Equal steps are matched in their order (longest common subsequence); between two
 * matches a removed and an added step of the same kind are one that changed.
 */
export function alignSteps(before: Plain[], after: Plain[]): StepPair[] {
  const left = before.map(canonical)
  const right = after.map(canonical)
  let start = 0
  while (start < left.length && start < right.length && left[start] === right[start]) start++
  let end = 0
  while (end < left.length - start && end < right.length - start && left.at(-1 - end) === right.at(-1 - end)) end++
  const pairs: StepPair[] = []
  let gap: { left: number[]; right: number[] } = { left: [], right: [] }
  const flush = () => {
    pairs.push(...pairUp(gap, before, after))
    gap = { left: [], right: [] }
  }
  for (const [a, b] of matches(left.slice(start, left.length - end), right.slice(start, right.length - end))) {
    if (a !== undefined && b !== undefined) flush()
    else if (a !== undefined) gap.left.push(a + start)
    else if (b !== undefined) gap.right.push(b + start)
  }
  flush()
  return pairs
}

/** Steps of one name are the same step; else a removed and an added one of one kind, in their order. */
function pairUp(gap: { left: number[]; right: number[] }, before: Plain[], after: Plain[]): StepPair[] {
  const rest = new Set(gap.right)
  const partners = new Map<number, number>()
  for (const same of [titleOf, kindOf]) {
    for (const a of gap.left) {
      if (partners.has(a)) continue
      const b = [...rest].find((one) => same(before[a]) === same(after[one]))
      if (b === undefined) continue
      partners.set(a, b)
      rest.delete(b)
    }
  }
  const pairs = gap.left.map((a): StepPair => {
    const b = partners.get(a)
    const left = before[a] ?? null
    return b === undefined ? { number: a + 1, left } : { number: b + 1, left, right: after[b] ?? null }
  })
  const added = [...rest].map((b): StepPair => ({ number: b + 1, right: after[b] ?? null }))
  return [...pairs, ...added].sort((x, y) => x.number - y.number)
}

/** Kind and name; a step without a name has its content for one. */
function titleOf(step: Plain | undefined): string {
  const body = isMap(step ?? null) ? Object.values(step as { [key: string]: Plain })[0] : step
  const name = body !== undefined && isMap(body) ? body['name'] : undefined
  return `${kindOf(step)} ${canonical(name ?? body ?? null)}`
}

function kindOf(step: Plain | undefined): string {
  return step !== undefined && isMap(step) ? (Object.keys(step)[0] ?? '') : String(step)
}

/** An alignment of two lists: indices of both for what is equal, of one for what is not. */
function matches(left: string[], right: string[]): [number | undefined, number | undefined][] {
  const width = right.length + 1
  if ((left.length + 1) * width > maxCells) {
    return [
      ...left.map((_, a): [number, undefined] => [a, undefined]),
      ...right.map((_, b): [undefined, number] => [undefined, b]),
    ]
  }
  const table = new Uint32Array((left.length + 1) * width)
  const at = (a: number, b: number) => table[a * width + b] ?? 0
  for (let a = left.length - 1; a >= 0; a--) {
    for (let b = right.length - 1; b >= 0; b--) {
      table[a * width + b] = left[a] === right[b] ? at(a + 1, b + 1) + 1 : Math.max(at(a + 1, b), at(a, b + 1))
    }
  }
  const result: [number | undefined, number | undefined][] = []
  let a = 0
  let b = 0
  while (a < left.length || b < right.length) {
    if (a < left.length && b < right.length && left[a] === right[b]) result.push([a++, b++])
    else if (b >= right.length || (a < left.length && at(a + 1, b) >= at(a, b + 1))) result.push([a++, undefined])
    else result.push([undefined, b++])
  }
  return result
}
