import type { Box, GraphLayout } from './layout.ts'

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
}

/** The direction of a key, or undefined for any other key. */
export function directionOf(key: string): Direction | undefined {
  return directions[key]
}

/** Reading order: by column, then from the top. */
export function readingOrder(boxes: readonly Box[]): Box[] {
  return [...boxes].sort((a, b) => a.column - b.column || a.y - b.y)
}

function nearest(candidates: readonly Box[], from: Box): Box | undefined {
  return candidates.toSorted((a, b) => Math.abs(a.y - from.y) - Math.abs(b.y - from.y) || a.y - b.y)[0]
}

/**
 * The job an arrow key leads to: right and left follow edges where there are any, else go to the nearest job of the next
 * column; up and down stay in the column. Answers the same id at the border.
 */
export function neighbour(layout: GraphLayout, id: string, direction: Direction): string {
  const from = layout.boxes.find((box) => box.id === id)
  if (from === undefined) return id
  const ordered = readingOrder(layout.boxes)
  if (direction === 'first') return ordered[0]?.id ?? id
  if (direction === 'last') return ordered.at(-1)?.id ?? id
  if (direction === 'up' || direction === 'down') {
    const column = ordered.filter((box) => box.column === from.column)
    return column[column.indexOf(from) + (direction === 'up' ? -1 : 1)]?.id ?? id
  }
  const forward = direction === 'right'
  const linked = new Set(
    layout.edges
      .filter((edge) => (forward ? edge.from : edge.to) === id)
      .map((edge) => (forward ? edge.to : edge.from)),
  )
  const step = from.column + (forward ? 1 : -1)
  const found =
    nearest(
      ordered.filter((box) => linked.has(box.id)),
      from,
    ) ??
    nearest(
      ordered.filter((box) => box.column === step),
      from,
    )
  return found?.id ?? id
}

/** All jobs that must end before `id` and all that wait for it, `id` included: what is lit while it has the focus. */
export function relatives(layout: GraphLayout, id: string): Set<string> {
  const related = new Set([id])
  for (const [near, far] of [
    ['from', 'to'],
    ['to', 'from'],
  ] as const) {
    const seen = new Set([id])
    const queue = [id]
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      for (const edge of layout.edges) {
        if (edge[near] !== at || seen.has(edge[far])) continue
        seen.add(edge[far])
        queue.push(edge[far])
      }
    }
    for (const found of seen) related.add(found)
  }
  return related
}
