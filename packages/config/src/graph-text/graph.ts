import type { Plain } from '../diff/canonical.ts'
import type { CompiledView } from '../diff/view.ts'
import type { Plan, PlanJob, PlanWorkflow } from '../plan.ts'

/**
 * The workflows of a plan as text: jobs in the order in which they can start, each with what it waits for.
 */
export function graphText(plan: Plan): string {
  return plan.workflows.map(workflowText).join('\n')
}

function workflowText({ name, jobs }: PlanWorkflow): string {
  const depths = depthsOf(jobs)
  const width = Math.max(...jobs.map((job) => 2 * (depths.get(job.name) ?? 0) + job.name.length))
  const lines = jobs.map((job) => {
    const label = `${'  '.repeat(depths.get(job.name) ?? 0)}${job.name}`
    const notes = [typeNote(job), requiresNote(job)].filter((note) => note !== '').join('; ')
    return notes === '' ? `  ${label}` : `  ${label.padEnd(width)}  ${notes}`
  })
  return `${name}\n${lines.join('\n')}\n`
}

/** How many jobs must end, one after the other, before a job can start. */
function depthsOf(jobs: readonly PlanJob[]): Map<string, number> {
  const depths = new Map<string, number>()
  // Jobs are in topological order: what a job requires stands before it.
  for (const { name, requires } of jobs) {
    depths.set(name, Math.max(-1, ...requires.map(({ job }) => depths.get(job) ?? 0)) + 1)
  }
  return depths
}

function typeNote({ type }: PlanJob): string {
  return type === 'build' ? '' : type
}

function requiresNote({ requires }: PlanJob): string {
  if (requires.length === 0) return ''
  const list = requires.map(({ job, statuses }) =>
    statuses.join() === 'success' ? job : `${job} (${statuses.join(' or ')})`,
  )
  return `after ${list.join(', ')}`
}

const shapes: Record<PlanJob['type'], [string, string]> = {
  build: ['[', ']'],
  approval: ['{{', '}}'],
  'no-op': ['([', '])'],
  release: ['[[', ']]'],
  lock: ['(', ')'],
  unlock: ['(', ')'],
}

/** The workflows as a Mermaid flowchart, one subgraph each. */
export function graphMermaid(plan: Plan): string {
  const lines = ['flowchart LR']
  for (const [index, { name, jobs }] of plan.workflows.entries()) {
    const ids = new Map(jobs.map((job, number) => [job.name, `w${index}j${number}`]))
    lines.push(`  subgraph w${index}["${escaped(name)}"]`)
    for (const job of jobs) {
      const [open, close] = shapes[job.type]
      lines.push(`    ${ids.get(job.name)}${open}"${escaped(job.name)}"${close}`)
    }
    for (const job of jobs) {
      for (const { job: other, statuses } of job.requires) {
        const label = statuses.join() === 'success' ? '' : `|"${escaped(statuses.join(' or '))}"|`
        lines.push(`    ${ids.get(other)} -->${label} ${ids.get(job.name)}`)
      }
    }
    lines.push('  end')
  }
  return `${lines.join('\n')}\n`
}

/** Text for a quoted Mermaid label: names may hold anything. */
function escaped(text: string): string {
  return text.replace(/["#<>&\n\r]/g, (char) => `#${char.charCodeAt(0)};`)
}

/** A job as a node of the graph; its edges come from the jobs that it requires. */
export interface GraphJob extends Pick<PlanJob, 'name' | 'definition' | 'type' | 'requires' | 'contexts' | 'matrix'> {
  /** What its filters let through, as in the compiled config: text of an expression, or lists of names. */
  filters?: Plain
}

/** The workflows as data, jobs in the order in which they can start. `view` is of the same compile. */
export function graphData(plan: Plan, view: CompiledView): { name: string; jobs: GraphJob[] }[] {
  return plan.workflows.map((workflow) => ({
    name: workflow.name,
    jobs: workflow.jobs.map(({ name, definition, type, requires, contexts, matrix }) => {
      const filters = view.get(workflow.name)?.get(name)?.filters ?? null
      return {
        name,
        definition,
        type,
        requires,
        contexts,
        ...(matrix && { matrix }),
        ...(filters !== null && { filters }),
      }
    }),
  }))
}
