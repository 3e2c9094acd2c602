/** Order of nodes so that each comes after what it needs, ties in the given order; the rest is on or behind a cycle. */
export function topologicalOrder<T>(
  nodes: readonly T[],
  needs: (node: T) => readonly T[],
): { ordered: T[]; rest: T[] } {
  if (isOrdered(nodes, needs)) return { ordered: [...nodes], rest: [] }
  const index = new Map(nodes.map((node, at) => [node, at]))
  const waiting = new Map<T, number>()
  const dependents = new Map<T, T[]>()
  for (const node of nodes) {
    const needed = needs(node)
    const distinct = needed.length < 2 ? needed : [...new Set(needed)]
    waiting.set(node, distinct.length)
    for (const one of distinct) {
      const list = dependents.get(one)
      if (list) list.push(node)
      else dependents.set(one, [node])
    }
  }
  const ready = new Ready(nodes.map((node, at) => (waiting.get(node) === 0 ? at : -1)).filter((at) => at >= 0))
  const ordered: T[] = []
  for (let at = ready.take(); at !== undefined; at = ready.take()) {
    const node = nodes[at] as T
    ordered.push(node)
    for (const dependent of dependents.get(node) ?? []) {
      const left = (waiting.get(dependent) ?? 0) - 1
      waiting.set(dependent, left)
      if (left === 0) ready.put(index.get(dependent) ?? 0)
    }
  }
  if (ordered.length === nodes.length) return { ordered, rest: [] }
  const done = new Set(ordered)
  return { ordered, rest: nodes.filter((node) => !done.has(node)) }
}

/** Whether every node stands behind what it needs, as people mostly write them. */
function isOrdered<T>(nodes: readonly T[], needs: (node: T) => readonly T[]): boolean {
  const before = new Set<T>()
  for (const node of nodes) {
    for (const one of needs(node)) if (!before.has(one)) return false
    before.add(node)
  }
  return true
}

/** Numbers, smallest first: a binary heap, because workflows may have thousands of jobs. */
class Ready {
  readonly #heap: number[]

  constructor(sorted: number[]) {
    this.#heap = sorted
  }

  put(value: number): void {
    const heap = this.#heap
    let at = heap.push(value) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((heap[parent] ?? 0) <= value) break
      heap[at] = heap[parent] ?? 0
      at = parent
    }
    heap[at] = value
  }

  take(): number | undefined {
    const heap = this.#heap
    const smallest = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return smallest
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child++
      if ((heap[child] ?? 0) >= last) break
      heap[at] = heap[child] ?? 0
      at = child
    }
    heap[at] = last
    return smallest
  }
}

/** One cycle among nodes of which each needs another of them, in the order of the needs; the first node comes last too. */
export function findCycle<T>(among: readonly T[], needs: (node: T) => readonly T[]): T[] {
  const inside = new Set(among)
  const path: T[] = []
  const seen = new Map<T, number>()
  let at = among[0]
  while (at !== undefined && !seen.has(at)) {
    seen.set(at, path.length)
    path.push(at)
    at = needs(at).find((one) => inside.has(one))
  }
  return at === undefined ? path : [...path.slice(seen.get(at)), at]
}
