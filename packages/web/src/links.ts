import type { PipelineView } from '@orrery/protocol'

type PipelineRef = Pick<PipelineView, 'projectSlug' | 'number'>

/** The parts of a pipeline's address. */
export function pipelineParams(pipeline: PipelineRef) {
  const [vcs = '', org = '', ...rest] = pipeline.projectSlug.split('/')
  return { vcs, org, project: rest.join('/'), number: String(pipeline.number) }
}

export function shortRevision(revision: string): string {
  return revision.slice(0, 7)
}

/** `4 B`, `1.2 kB`, `350 MB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** The lines that `#L12` or `#L12-L20` names; null for any other hash. */
export function parseLineHash(hash: string): { first: number; last: number } | null {
  const found = /^#?L(?<first>\d{1,9})(?:-L(?<last>\d{1,9}))?$/.exec(hash)
  if (found?.groups === undefined) return null
  const first = Number(found.groups['first'])
  const last = Number(found.groups['last'] ?? first)
  return { first: Math.min(first, last), last: Math.max(first, last) }
}

export function lineHash(first: number, last: number): string {
  return first === last ? `L${first}` : `L${Math.min(first, last)}-L${Math.max(first, last)}`
}
