import { Graph, layout as runDagre } from './dagre.ts'

export type GraphInput = { readonly id: string; readonly requires: readonly string[] }
export type Box = { readonly id: string; readonly x: number; readonly y: number; readonly column: number }
type Point = { readonly x: number; readonly y: number }
type Edge = { readonly from: string; readonly to: string; readonly path: string }

/** Positions in CSS pixels; `x`, `y` are the upper left corners. Edges run from right sides to left sides. */
export type GraphLayout = {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly edges: readonly Edge[]
}

export const boxWidth = 248
export const boxHeight = 44
const columnGap = 64
const rowGap = 16
const margin = 8

/** What the layout depends on: when this stays the same, statuses may change without a new layout. */
export function structureKey(jobs: readonly GraphInput[]): string {
  return jobs.map((job) => `${job.id}<${job.requires.join(',')}`).join(';')
}

/**
 * Lays jobs out in columns from left to right: every job stands right of all that it requires. Requirements on unknown
 * jobs, on itself and repeated ones are ignored; a circle (never made by the compiler) is drawn, one edge backwards.
 */
export function layoutGraph(jobs: readonly GraphInput[]): GraphLayout {
  const known = new Set(jobs.map((job) => job.id))
  const graph = new Graph()
  // Edges are turned round and drawn from right to left: `longest-path` then gives every job the earliest column it can
  // have, so that all jobs that may start at once stand in the first one. It is the fastest ranker as well.
  graph.setGraph({
    rankdir: 'RL',
    nodesep: rowGap,
    edgesep: 8,
    ranksep: columnGap,
    marginx: margin,
    marginy: margin,
    ranker: 'longest-path',
  })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const job of jobs) graph.setNode(job.id, { width: boxWidth, height: boxHeight })
  const pairs: { from: string; to: string }[] = []
  for (const job of jobs) {
    for (const from of new Set(job.requires)) {
      if (from === job.id || !known.has(from)) continue
      graph.setEdge(job.id, from)
      pairs.push({ from, to: job.id })
    }
  }
  if (jobs.length > 0) runDagre(graph)

  const corners = new Map(
    jobs.map((job) => {
      const node = graph.node(job.id)
      return [job.id, { x: Math.round(node.x - boxWidth / 2), y: Math.round(node.y - boxHeight / 2) }]
    }),
  )
  const columns = [...new Set([...corners.values()].map((corner) => corner.x))].sort((a, b) => a - b)
  const boxes = [...corners].map(([id, corner]) => ({ id, ...corner, column: columns.indexOf(corner.x) }))
  const edges = pairs.map(({ from, to }) => ({
    from,
    to,
    path: edgePath(corners.get(from), corners.get(to), columns, (graph.edge(to, from).points ?? []).toReversed()),
  }))
  return {
    boxes,
    edges,
    width: Math.max(0, ...boxes.map((box) => box.x + boxWidth + margin)),
    height: Math.max(0, ...boxes.map((box) => box.y + boxHeight + margin)),
  }
}

/**
 * Curves in the gaps between columns, and straight lines past the columns that a long edge skips: there, `points` says
 * at which height it passes.
 */
function edgePath(
  from: Point | undefined,
  to: Point | undefined,
  columns: readonly number[],
  points: readonly Point[],
): string {
  if (from === undefined || to === undefined) return ''
  const end = { x: to.x, y: to.y + boxHeight / 2 }
  const stops = columns
    .filter((left) => left > from.x && left < to.x)
    .flatMap((left) => {
      const pass = points.find((point) => point.x >= left && point.x <= left + boxWidth)
      if (pass === undefined) return []
      const y = Math.round(pass.y)
      return [{ enter: { x: left, y }, leave: { x: left + boxWidth, y } }]
    })
  let last = { x: from.x + boxWidth, y: from.y + boxHeight / 2 }
  let path = `M${last.x} ${last.y}`
  for (const { enter, leave } of [...stops, { enter: end, leave: end }]) {
    const middle = Math.round((last.x + enter.x) / 2)
    path += ` C${middle} ${last.y} ${middle} ${enter.y} ${enter.x} ${enter.y}`
    if (leave !== enter) path += ` L${leave.x} ${leave.y}`
    last = leave
  }
  return path
}
