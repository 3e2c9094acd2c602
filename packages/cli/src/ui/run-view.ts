import { isEndedJob, type JobView, type StepView, type WorkflowView } from '@orrery/protocol'
import type { PipelineListener, PipelineResult } from '../client/follow.ts'
import { type Colour, formatDuration, painter, statusSign } from './format.ts'
import { LineSplitter } from './line-splitter.ts'

export interface RunViewOptions {
  write(text: string): void
  colour: boolean
  /** Only one line per job; steps and their output stay out. */
  quiet: boolean
  held: PipelineListener['held']
}

const jobColours: readonly Colour[] = ['cyan', 'magenta', 'blue', 'yellow']

/**
 * Prints a pipeline as it runs: each line of a step with the name of its job before it, so that jobs which run at the
 * same time stay readable, and one line when a job ends.
 */
export class RunView implements PipelineListener {
  readonly held: PipelineListener['held']
  readonly log?: NonNullable<PipelineListener['log']>
  readonly #options: RunViewOptions
  readonly #paint: ReturnType<typeof painter>
  readonly #splitters = new Map<string, LineSplitter>()
  readonly #colours = new Map<string, Colour>()

  constructor(options: RunViewOptions) {
    this.#options = options
    this.#paint = painter(options.colour)
    this.held = options.held
    if (!options.quiet) this.log = (job, task, step, text) => this.#log(job, task, step, text)
  }

  stepStarted(job: JobView, task: number, step: StepView): void {
    if (this.#options.quiet) return
    this.#options.write(`${this.#prefix(job, task)} ${this.#paint('bold', `▸ ${firstLine(step.name)}`)}\n`)
  }

  #log(job: JobView, task: number, step: StepView, text: string): void {
    const key = `${job.id} ${task} ${step.step} ${step.attempt}`
    const splitter = this.#splitters.get(key) ?? new LineSplitter()
    this.#splitters.set(key, splitter)
    this.#lines(job, task, splitter.push(text))
  }

  #lines(job: JobView, task: number, lines: string[]): void {
    for (const line of lines) this.#options.write(`${this.#prefix(job, task)} ${line}\n`)
  }

  jobChanged(job: JobView): void {
    if (!isEndedJob(job.status)) return
    for (const [key, splitter] of this.#splitters) {
      if (!key.startsWith(job.id)) continue
      this.#lines(job, Number(key.split(' ')[1]), splitter.end())
      this.#splitters.delete(key)
    }
    this.#options.write(`${this.#jobLine(job)}\n`)
    for (const line of this.#failures(job)) this.#options.write(`${line}\n`)
  }

  /** The last lines: what happened to the whole. */
  summary(result: PipelineResult): string {
    const lines = result.pipeline.errors.map((error) => {
      const place = error.file ? `${error.file}:${error.line ?? 1}:${error.column ?? 1} ` : ''
      const code = error.code ? `${error.code} ` : ''
      const more = [error.excerpt, error.hint && `hint: ${error.hint}`].filter(Boolean).join('\n')
      return `${this.#paint('red', '✗')} ${place}${code}${error.message}${more ? `\n${more}` : ''}`
    })
    for (const workflow of result.workflows) lines.push(this.#workflowLine(workflow))
    if (result.pipeline.errors.length === 0 && result.workflows.length === 0) lines.push('– no workflow runs here')
    return `${lines.join('\n')}\n`
  }

  #workflowLine(workflow: WorkflowView): string {
    const took = workflow.stoppedAt
      ? ` in ${formatDuration(Date.parse(workflow.stoppedAt) - Date.parse(workflow.createdAt))}`
      : ''
    const colour = workflow.status === 'success' ? 'green' : workflow.status === 'on_hold' ? 'yellow' : 'red'
    return `${this.#paint(colour, `${workflow.name}: ${workflow.status}`)}${took}, ${workflow.jobs.length} ${workflow.jobs.length === 1 ? 'job' : 'jobs'}`
  }

  #jobLine(job: JobView): string {
    const took =
      job.startedAt && job.stoppedAt ? formatDuration(Date.parse(job.stoppedAt) - Date.parse(job.startedAt)) : ''
    const colour = job.status === 'success' ? 'green' : job.status === 'not_run' ? 'dim' : 'red'
    const sign = this.#paint(colour, statusSign(job.status))
    const status = job.status === 'success' ? '' : ` ${job.status}`
    return `${sign} ${job.name}${status} ${this.#paint('dim', took)}${job.reason ? ` ${job.reason}` : ''}`.trimEnd()
  }

  #failures(job: JobView): string[] {
    const failed = job.tasks.flatMap((task) => task.steps.filter((step) => isFailure(step)))
    return failed.map((step) => {
      const place = step.origin.at(-1)
      const where = place ? ` (${place.file}:${place.line})` : ''
      const code = step.exitCode === null ? step.status : `exit code ${step.exitCode}`
      return `    ${firstLine(step.name)}: ${code}${where}${step.hint ? `, ${step.hint}` : ''}`
    })
  }

  #prefix(job: JobView, task: number): string {
    const colour = this.#colours.get(job.id) ?? jobColours[this.#colours.size % jobColours.length] ?? 'cyan'
    this.#colours.set(job.id, colour)
    return this.#paint(colour, `${job.name}${job.parallelism > 1 ? `/${task}` : ''} │`)
  }
}

function isFailure(step: StepView): boolean {
  return (
    !step.insignificant &&
    (step.status === 'failed' || step.status === 'timedout' || step.status === 'infrastructure_fail')
  )
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? ''
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}
