import { mostConflicts, OrreryError, type WorkspaceAnswer } from '@orrery/protocol'
import type { EngineContext } from '../context.ts'
import { viewWorkspace } from '../decisions/workspace-view.ts'
import type { StoredBlob, TaskLease } from '../engine.ts'
import { heldTask, type TaskRow } from '../store/queries/leased-task.ts'

/**
 * What `attach_workspace` applies. Layers are found by the jobs of the task's own workflow: a rerun sees those of jobs
 * it took over and of its own new ones, so a job that ran again supersedes its earlier self.
 */
export async function workspace(ctx: EngineContext, lease: TaskLease): Promise<WorkspaceAnswer> {
  const { layers, conflicts } = await visibleLayers(ctx, await heldTask(ctx.db, lease))
  const now = ctx.options.clock.now()
  return {
    ...(layers.some((layer) => layer.expires_at <= now) && { expiredAfterDays: ctx.options.retention.workspaceDays }),
    layers: layers.map((layer) => ({
      layerId: layer.id,
      jobName: layer.jobName,
      jobId: layer.shownJobId,
      nodeIndex: layer.node_index,
      size: layer.size,
      sha256: layer.sha256,
    })),
    conflicts: conflicts.slice(0, mostConflicts),
  }
}

/** ORY_NOT_FOUND for a layer that this task may not see. */
export async function workspaceBlob(ctx: EngineContext, lease: TaskLease, layerId: string): Promise<StoredBlob> {
  const { layers } = await visibleLayers(ctx, await heldTask(ctx.db, lease))
  const layer = layers.find((one) => one.id === layerId)
  if (!layer) throw new OrreryError('ORY_NOT_FOUND', ['Workspace layer'])
  return { blobKey: layer.blob_key, size: layer.size, sha256: layer.sha256 }
}

async function visibleLayers(ctx: EngineContext, task: TaskRow) {
  const jobs = await ctx.db
    .selectFrom('jobs')
    .select(['id', 'name', 'requires', 'taken_over_from'])
    .where('workflow_id', '=', task.workflow_id)
    .orderBy('position')
    .execute()
  /** Whoever really ran → the job of this workflow that stands for it. */
  const shown = new Map(jobs.map((job) => [job.taken_over_from ?? job.id, job]))
  const stored = await ctx.db
    .selectFrom('workspace_layers')
    .selectAll()
    .where('job_id', 'in', [...shown.keys()])
    .orderBy('serial')
    .execute()
  const layers = stored.flatMap((layer) => {
    const job = shown.get(layer.job_id)
    return job ? [{ ...layer, shownJobId: job.id, jobName: job.name }] : []
  })
  const view = viewWorkspace(
    task.job_id,
    jobs,
    layers.map((layer) => ({
      layerId: layer.id,
      jobId: layer.shownJobId,
      nodeIndex: layer.node_index,
      step: layer.step,
      files: layer.files,
    })),
  )
  const byId = new Map(layers.map((layer) => [layer.id, layer]))
  return { layers: view.order.flatMap((id) => byId.get(id) ?? []), conflicts: view.conflicts }
}
