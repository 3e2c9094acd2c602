import type { PendingPipeline } from '@orrery/engine'
import type { PipelineError } from '@orrery/protocol'

/** What became of one changed ref. */
export type PushOutcome =
  | { kind: 'dropped'; ref: string; reason: string }
  | { kind: 'created'; pipeline: PendingPipeline; workflows: string[] }
  | { kind: 'errored'; pipeline: PendingPipeline; errors: PipelineError[] }

const mostErrors = 10

/** The lines that `git push` shows. */
export function reportOf(outcome: PushOutcome, urlOf: (pipeline: PendingPipeline) => string): string {
  if (outcome.kind === 'dropped') return printable(`No pipeline: ${outcome.reason}.\n`)
  const { pipeline } = outcome
  const where = pipeline.vcs.tag ?? pipeline.vcs.branch ?? ''
  const title = `Pipeline ${pipeline.number} of ${pipeline.project.slug} (${where}, ${pipeline.vcs.revision.slice(0, 7)})`
  const lines = outcome.kind === 'created' ? created(outcome.workflows) : errored(outcome.errors)
  return printable(`\n${[`${title}${lines.title}`, `  ${urlOf(pipeline)}`, ...lines.body].join('\n')}\n\n`)
}

function created(workflows: string[]): { title: string; body: string[] } {
  if (workflows.length === 0) return { title: ' has nothing to run', body: ['  no workflow applies to this push'] }
  return { title: ` runs ${workflows.join(', ')}`, body: [] }
}

function errored(errors: PipelineError[]): { title: string; body: string[] } {
  const body = errors.slice(0, mostErrors).flatMap((error) => ['', ...describe(error).map((line) => `  ${line}`)])
  if (errors.length > mostErrors) body.push('', `  and ${errors.length - mostErrors} more`)
  return { title: ' could not start', body }
}

function describe(error: PipelineError): string[] {
  const place =
    error.file === undefined ? [] : [`${error.file}:${error.line}:${error.column}  error ${error.code ?? ''}`]
  const excerpt = error.excerpt === undefined ? [] : error.excerpt.split('\n').map((line) => `  ${line}`)
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`]
  return [...place, ...error.message.split('\n'), ...excerpt, ...hint]
}

/** Config text is a stranger's: no control character of it reaches the terminal of the person who pushes. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?')
}
