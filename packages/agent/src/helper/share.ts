export interface Weighted {
  name: string
  weight: number
}

/**
 * The names of one node, sorted: heaviest first, each to the node with the least so far (spec: execution.md 15.3). Every
 * node computes the same partition, whatever the order of the input. Names without weight are dealt one by one at the
 * end, so that they do not all land on one node.
 */
export function share(items: readonly Weighted[], index: number, total: number): string[] {
  const sorted = items.toSorted((a, b) => b.weight - a.weight || compareBytes(a.name, b.name))
  const nodes = new LeastLoaded(total)
  const mine: string[] = []
  let dealt = 0
  for (const { name, weight } of sorted) {
    const node = weight > 0 ? nodes.take(weight) : dealt++ % total
    if (node === index) mine.push(name)
  }
  return mine.sort(compareBytes)
}

/** Nodes in a heap by their load, then by their index. A node is in the heap once it has got something. */
class LeastLoaded {
  readonly #total: number
  readonly #heap: { load: number; index: number }[] = []

  constructor(total: number) {
    this.#total = total
  }

  /** Puts the weight on the node with the least load; the lowest index among equals. Answers the node. */
  take(weight: number): number {
    const heap = this.#heap
    if (heap.length < this.#total) {
      // All weights are above zero, so a node that has nothing yet is the least loaded one.
      const index = heap.length
      heap.push({ load: weight, index })
      this.#up(index)
      return index
    }
    const top = heap[0] as { load: number; index: number }
    top.load += weight
    this.#down()
    return top.index
  }

  #up(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfLess(at, parent)) return
      at = parent
    }
  }

  #down(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      if (left >= this.#heap.length) return
      const child = left + 1 < this.#heap.length && this.#isLess(left + 1, left) ? left + 1 : left
      if (!this.#swapIfLess(child, at)) return
      at = child
    }
  }

  #swapIfLess(lower: number, upper: number): boolean {
    if (!this.#isLess(lower, upper)) return false
    const heap = this.#heap as { load: number; index: number }[]
    ;[heap[lower], heap[upper]] = [heap[upper] as (typeof heap)[number], heap[lower] as (typeof heap)[number]]
    return true
  }

  #isLess(a: number, b: number): boolean {
    const one = this.#heap[a]
    const other = this.#heap[b]
    if (one === undefined || other === undefined) return false
    return one.load < other.load || (one.load === other.load && one.index < other.index)
  }
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
