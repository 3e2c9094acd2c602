/** A test and its weight, in seconds where they are known. */
type Weighted = readonly [name: string, weight: number]

/** Heaviest first, then by name; each name once. Unknown tests weigh as much as the others on average. */
export function orderTests(tests: readonly { name: string; seconds: number }[]): Weighted[] {
  const known = tests.filter(({ seconds }) => seconds > 0)
  const mean = known.length === 0 ? 1 : known.reduce((sum, { seconds }) => sum + seconds, 0) / known.length
  const weights = new Map(tests.map(({ name, seconds }) => [name, seconds > 0 ? seconds : mean]))
  return byWeight([...weights])
}

export function byWeight(tests: readonly Weighted[]): Weighted[] {
  return tests.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : a > b ? 1 : 0))
}

/**
 * How many tests from the front of the queue a node gets (execution.md 16.5): its even share of what waits. So the first
 * node gets as much as by a static split, each later batch is smaller, and no node is left alone with a large one.
 */
export function batchSize(waiting: readonly Weighted[], nodes: number): number {
  const share = waiting.reduce((sum, [, weight]) => sum + weight, 0) / nodes
  let size = 0
  let load = 0
  for (const [, weight] of waiting) {
    if (size > 0 && load + weight > share) break
    size += 1
    load += weight
  }
  return size
}
