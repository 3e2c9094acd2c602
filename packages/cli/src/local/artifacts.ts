import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WorkflowView } from '@orrery/protocol'
import type { ApiClient } from '../client/api.ts'

/**
 * Copies the artifacts of all jobs to `<directory>/<job>/<node>/<path>` (without the node where there is only one).
 * Answers the written paths. A path that would leave the directory is left out: names come from jobs.
 */
export async function saveArtifacts(
  client: ApiClient,
  workflows: WorkflowView[],
  directory: string,
): Promise<string[]> {
  const written: string[] = []
  for (const job of workflows.flatMap((workflow) => workflow.jobs)) {
    if (job.type !== 'build') continue
    for (const artifact of await client.artifacts(job.id)) {
      const node = job.parallelism > 1 ? String(artifact.nodeIndex) : ''
      const target = join(directory, job.name.replaceAll('/', '-'), node, artifact.path)
      if (relative(directory, target).startsWith('..')) continue
      await mkdir(dirname(target), { recursive: true })
      await pipeline(Readable.fromWeb((await client.download(artifact.url)) as never), createWriteStream(target))
      written.push(target)
    }
  }
  return written
}
