import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type AttachWorkspaceStep, mostConflicts, WorkspaceAnswer, type WorkspaceLayer } from '@orrery/protocol'
import { downloadArchive, extractArchive, failureLines, formatSize } from '../../archive/index.ts'
import { UplinkError } from '../../uplink/uplink.ts'
import { failed, type StepContext, type StepResult, succeeded } from '../step.ts'

/**
 * Lays the workspace layers of the upstream jobs over `at`, in the order the server gives (spec: execution.md 12.3).
 * All layers are downloaded and verified before the first one is applied, so that a broken one changes nothing.
 */
export async function execute(step: AttachWorkspaceStep, context: StepContext): Promise<StepResult> {
  const at = resolve(context.resolvePath(step.at))
  await mkdir(at, { recursive: true })
  const { layers, conflicts, expiredAfterDays } = await context.uplink.json(
    'GET',
    '/workspace',
    undefined,
    WorkspaceAnswer,
  )
  if (expiredAfterDays !== undefined) {
    context.write(
      `Error: the workspace of this workflow has expired: its layers are kept for ${expiredAfterDays} days. ` +
        'Rerun the workflow from its start.\n',
    )
    return failed
  }
  if (conflicts.length > 0) {
    const list = conflicts.map((path) => `  - ${path}\n`).join('')
    context.write(`Concurrent upstream jobs persisted the same file(s) into the workspace:\n${list}`)
    if (conflicts.length >= mostConflicts) context.write('  and perhaps more\n')
    return failed
  }
  if (layers.length === 0) {
    context.write('No workspace layers to apply: no upstream job persisted anything.\n')
    return succeeded
  }
  const archives = layers.map((_, index) =>
    join(context.tmp, `${context.step}-${context.attempt}-layer-${index}.tar.zst`),
  )
  try {
    context.write('Downloading workspace layers\n')
    for (const [index, layer] of layers.entries()) {
      if (!(await download(layer, archives[index] ?? '', context))) return failed
    }
    context.write('Applying workspace layers\n')
    for (const [index, layer] of layers.entries()) {
      context.write(`  ${layer.jobId}\n`)
      if (!(await apply(archives[index] ?? '', at, context))) return failed
    }
    return succeeded
  } finally {
    await Promise.all(archives.map((archive) => rm(archive, { force: true })))
  }
}

async function download(layer: WorkspaceLayer, archive: string, context: StepContext): Promise<boolean> {
  context.write(`  ${layer.jobName}/${layer.nodeIndex} - ${formatSize(layer.size)}\n`)
  try {
    const chunks = context.uplink.download(`/workspace/layers/${layer.layerId}`)
    const { sha256 } = await downloadArchive(chunks, archive, layer.size)
    if (sha256 === layer.sha256) return true
    context.write(`Error: the workspace layer of job ${layer.jobName} is damaged in the store\n`)
  } catch (error) {
    if (!(error instanceof UplinkError) || error.status === 410) throw error
    context.write(`Error: the workspace layer of job ${layer.jobName} cannot be had: ${error.message}\n`)
  }
  return false
}

async function apply(archive: string, at: string, context: StepContext): Promise<boolean> {
  try {
    const summary = await extractArchive(archive, { into: at, roots: [''], signal: context.signal })
    if (summary.failed === 0) return true
    context.write(`Failed to apply the workspace layer\n${failureLines(summary)}`)
  } catch (error) {
    context.signal.throwIfAborted()
    context.write(`Failed to apply the workspace layer\n${error instanceof Error ? error.message : String(error)}\n`)
  }
  return false
}
