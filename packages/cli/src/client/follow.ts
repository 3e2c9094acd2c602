import {
  isEndedJob,
  isEndedWorkflow,
  type JobView,
  type PipelineView,
  type StepView,
  type WorkflowView,
} from '@orrery/protocol'
import type { ApiClient } from './api.ts'

/** What a follower is told; calls for one job come in order. */
export interface PipelineListener {
  jobChanged(job: JobView): void
  stepStarted?(job: JobView, task: number, step: StepView): void
  log?(job: JobView, task: number, step: StepView, text: string): void
  /** An approval job waits and nothing else can run; the answer decides what happens to it. */
  held(job: { id: string; name: string }, workflow: WorkflowView): Promise<'approve' | 'leave'>
}

export interface PipelineResult {
  pipeline: PipelineView
  workflows: WorkflowView[]
  /** True when every workflow ended with success (or only approvals that were left are open). */
  success: boolean
}

/**
 * Watches a pipeline until every workflow has ended, or until nothing is left but approvals that the listener leaves.
 * Driven by the server's event stream; a broken stream is opened again.
 */
export async function followPipeline(
  client: ApiClient,
  pipelineId: string,
  listener: PipelineListener,
  signal: AbortSignal = new AbortController().signal,
): Promise<PipelineResult> {
  const follower = new Follower(client, listener, signal)
  while (!signal.aborted) {
    const done = await follower.watch(pipelineId)
    if (done) return done
  }
  throw signal.reason
}

class Follower {
  readonly #client: ApiClient
  readonly #listener: PipelineListener
  readonly #signal: AbortSignal
  readonly #jobs = new Map<string, { fingerprint: string; ended: boolean }>()
  readonly #logs = new Map<string, Promise<void>>()
  readonly #lines = new Map<string, Promise<void>>()
  readonly #answered = new Set<string>()
  #failures = 0

  constructor(client: ApiClient, listener: PipelineListener, signal: AbortSignal) {
    this.#client = client
    this.#listener = listener
    this.#signal = signal
  }

  /** One stream's life; null when it broke and must be opened again. */
  async watch(pipelineId: string): Promise<PipelineResult | null> {
    const stream = new AbortController()
    const stop = () => stream.abort(this.#signal.reason)
    this.#signal.addEventListener('abort', stop, { once: true })
    try {
      for await (const _ of this.#client.changes(`pipeline:${pipelineId}`, stream.signal)) {
        this.#failures = 0
        const result = await this.#look(pipelineId)
        if (result) return result
      }
      return null
    } catch (error) {
      this.#failures += 1
      if (this.#signal.aborted || this.#failures > 20) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** this.#failures, 2000)))
      return null
    } finally {
      this.#signal.removeEventListener('abort', stop)
      stream.abort()
    }
  }

  async #look(pipelineId: string): Promise<PipelineResult | null> {
    const pipeline = await this.#client.pipeline(pipelineId)
    if (pipeline.state === 'errored') return { pipeline, workflows: [], success: false }
    if (pipeline.state !== 'created') return null
    const workflows = await Promise.all(pipeline.workflows.map((one) => this.#client.workflow(one.id)))
    for (const workflow of workflows) for (const job of workflow.jobs) await this.#lookAtJob(job)
    if (await this.#answerHolds(workflows)) return null
    const open = workflows.filter((one) => !isEndedWorkflow(one.status))
    if (open.some((one) => one.status !== 'on_hold')) return null
    // A workflow that failed since the first question may have got its automatic rerun.
    const now = await this.#client.pipeline(pipelineId)
    if (now.workflows.length > workflows.length) return await this.#look(pipelineId)
    await Promise.all(this.#logs.values())
    return {
      pipeline,
      workflows,
      success: workflows.every((one) => one.status === 'success' || one.status === 'on_hold'),
    }
  }

  async #lookAtJob(summary: WorkflowView['jobs'][number]): Promise<void> {
    const known = this.#jobs.get(summary.id)
    if (known?.ended) return
    const running = summary.startedAt !== null
    const fingerprint = `${summary.status} ${summary.startedAt}`
    if (known?.fingerprint === fingerprint && !running) return
    const job = await this.#client.job(summary.id)
    this.#jobs.set(summary.id, { fingerprint, ended: isEndedJob(job.status) })
    this.#followSteps(job)
    if (known?.fingerprint === fingerprint && !isEndedJob(job.status)) return
    if (isEndedJob(job.status)) await this.#logsOf(job.id)
    this.#listener.jobChanged(job)
  }

  async #logsOf(jobId: string): Promise<void> {
    for (const [key, log] of this.#logs) if (key.startsWith(jobId)) await log
  }

  #followSteps(job: JobView): void {
    for (const task of job.tasks) {
      for (const step of task.steps) {
        const key = `${job.id} ${task.index} ${step.step} ${step.attempt}`
        if (this.#logs.has(key)) continue
        // steps of one task follow each other on the screen, too; what runs in the background speaks between them
        const line = step.background || step.name.startsWith('Container ') ? key : `${job.id} ${task.index}`
        const before = this.#lines.get(line) ?? Promise.resolve()
        const following = before.then(() => this.#followStep(job, task.index, step))
        this.#lines.set(line, following)
        this.#logs.set(key, following)
      }
    }
  }

  async #followStep(job: JobView, task: number, step: StepView): Promise<void> {
    this.#listener.stepStarted?.(job, task, step)
    if (this.#listener.log) await this.#followLog(job, task, step)
  }

  async #followLog(job: JobView, task: number, step: StepView): Promise<void> {
    let offset = 0
    for (let failures = 0; failures < 20 && !this.#signal.aborted; failures += 1) {
      try {
        const at = { jobId: job.id, task, step: step.step, attempt: step.attempt }
        for await (const chunk of this.#client.followLog(at, offset, this.#signal)) {
          offset = chunk.next
          failures = 0
          this.#listener.log?.(job, task, step, chunk.text)
        }
        return
      } catch (error) {
        if (this.#signal.aborted) throw error
        await new Promise((resolve) => setTimeout(resolve, 100 * (failures + 1)))
      }
    }
  }

  /** True when something was approved, so that the workflow will move again. */
  async #answerHolds(workflows: WorkflowView[]): Promise<boolean> {
    let moved = false
    for (const workflow of workflows) {
      if (workflow.status !== 'on_hold') continue
      for (const job of workflow.jobs) {
        if (job.status !== 'on_hold' || this.#answered.has(job.id)) continue
        this.#answered.add(job.id)
        if ((await this.#listener.held(job, workflow)) === 'leave') continue
        await this.#client.approve(workflow.id, job.approvalRequestId ?? job.id)
        moved = true
      }
    }
    return moved
  }
}
