/** A workspace layer as the rules see it: who stored which paths. */
export interface LayerFacts {
  readonly layerId: string
  readonly jobId: string
  readonly nodeIndex: number
  readonly step: number
  readonly files: readonly string[]
}

/** A job of the workflow in its topological order. */
export interface GraphJob {
  readonly id: string
  readonly requires: readonly { readonly jobId: string }[]
}

/** Everything the job requires, directly or through others. */
export function upstreamOf(jobId: string, jobs: readonly GraphJob[]): Set<string> {
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const found = new Set<string>()
  const open = [jobId]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const { jobId: next } of byId.get(id)?.requires ?? []) {
      if (found.has(next)) continue
      found.add(next)
      open.push(next)
    }
  }
  return found
}

/**
 * The layers a job may attach, in the order in which they must be applied, and the paths that stand in doubt
 * (execution.md 12.1): layers of transitive upstream jobs in graph order, within a job by step, then node.
 */
export function viewWorkspace(
  jobId: string,
  jobs: readonly GraphJob[],
  layers: readonly LayerFacts[],
): { order: string[]; conflicts: string[] } {
  const upstream = upstreamOf(jobId, jobs)
  const position = new Map(jobs.map((job, index) => [job.id, index]))
  const visible = layers
    .filter((layer) => upstream.has(layer.jobId))
    .sort(
      (a, b) =>
        (position.get(a.jobId) ?? 0) - (position.get(b.jobId) ?? 0) || a.step - b.step || a.nodeIndex - b.nodeIndex,
    )
  return { order: visible.map((layer) => layer.layerId), conflicts: conflictingPaths(visible, jobs) }
}

/**
 * Paths with two last writers, neither of which came after the other. A writer is out of the race when a job that
 * descends from it stored the path too; parallel nodes of one job race each other.
 */
function conflictingPaths(layers: readonly LayerFacts[], jobs: readonly GraphJob[]): string[] {
  const writers = new Map<string, Map<string, Set<number>>>()
  for (const layer of layers) {
    for (const path of layer.files) {
      const nodesByJob = getOrAdd(writers, path, () => new Map<string, Set<number>>())
      getOrAdd(nodesByJob, layer.jobId, () => new Set<number>()).add(layer.nodeIndex)
    }
  }
  const ancestors = new Map<string, Set<string>>()
  const ancestorsOf = (id: string) => getOrAdd(ancestors, id, () => upstreamOf(id, jobs))

  const conflicts: string[] = []
  for (const [path, nodesByJob] of writers) {
    const ids = [...nodesByJob.keys()]
    const last = ids.filter((id) => !ids.some((other) => other !== id && ancestorsOf(other).has(id)))
    const nodes = last.reduce((sum, id) => sum + (nodesByJob.get(id)?.size ?? 0), 0)
    if (nodes > 1) conflicts.push(path)
  }
  return conflicts.sort()
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
