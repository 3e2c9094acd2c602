import type { ConditionPart, JobVerdict, PathFilter, WorkflowVerdict } from '@orrery/config'
import type { Command } from 'commander'
import { type JobFlags, jobOptions, shown } from '../../config-tools/about-job.ts'
import { readChangedFiles } from '../../config-tools/changed-files.ts'
import { compiledOrFail } from '../../config-tools/compile.ts'
import { noSuchJob } from '../../config-tools/find-job.ts'
import { reporting } from '../../config-tools/report.ts'
import { exitCodes } from '../../exit-codes.ts'

interface WhyFlags extends JobFlags {
  changedFiles?: string
}

export function addWhy(config: Command): void {
  jobOptions(config.command('why'))
    .description('Tell why a job would or would not run: conditions part by part, filters, what it requires.')
    .argument('<job>', 'job')
    .option('--changed-files <file>', 'paths, one a line: decide path filtering by them (`-`: standard input)')
    .addHelpText(
      'after',
      '\nExample:\n  $ orrery config why deploy --tag v1.2.0\n  $ git diff --name-only main | orrery config why web --changed-files -\n\nExit code: 0 the job runs, 1 it does not.',
    )
    .action((job: string, flags: WhyFlags) => reporting(flags.json, () => why(job, flags)))
}

async function why(job: string, flags: WhyFlags): Promise<void> {
  const { inspection } = await compiledOrFail(flags.config, flags)
  const filtered = flags.changedFiles === undefined ? [] : await readChangedFiles(flags.changedFiles, inspection)
  const own = inspection.why(job)
  if (own.length === 0 && filtered.length === 0) throw noSuchJob(job, inspection.jobs)
  const runs = own.some((one) => one.selected && one.jobs.some((verdict) => verdict.runs))
  if (flags.json) process.stdout.write(`${JSON.stringify({ runs, workflows: own, pathFilters: filtered })}\n`)
  else {
    process.stdout.write(own.map(workflowText).join('\n'))
    process.stdout.write(filtered.map(filterText).join(''))
    if (own.length === 0) process.stdout.write(continuationText(job, filtered))
  }
  process.exitCode = runs ? exitCodes.success : exitCodes.failed
}

function filterText({ job, parameter, value, because }: PathFilter): string {
  return `${job} sets ${parameter} to ${value}: ${because}\n`
}

/** The job is none of the setup config: how to ask the config that goes on from it. */
function continuationText(job: string, filtered: readonly PathFilter[]): string {
  const values = filtered.map(({ parameter, value }) => `${JSON.stringify(parameter)}: ${value}`).join(', ')
  const ask = `orrery config why ${job} -c .circleci/continue_config.yml --pipeline-parameters '{${values}}'`
  return `${job} is no job of this config. Of the config that goes on from it, ask:\n  ${ask}\n`
}

function workflowText({ workflow, place, selected, condition, jobs }: WorkflowVerdict): string {
  const lines = [`workflow ${workflow} ${selected ? 'runs' : 'does not run'}  (${shown(place)})`]
  if (condition) lines.push(...conditionLines(condition, `  ${condition.word} `, '  '))
  return `${[...lines, ...jobs.flatMap(jobLines)].join('\n')}\n`
}

function jobLines({ name, place, runs, reason, filters, requires }: JobVerdict): string[] {
  const lines = [`  job ${name} ${runs ? 'runs' : 'does not run'}: ${reason}  (${shown(place)})`]
  if (filters?.condition) lines.push(...conditionLines(filters.condition, '    filters ', '    '))
  else if (filters) lines.push(`    filters ${mark(filters.passes)} ${filters.text}  (${shown(filters.place)})`)
  for (const { job, statuses, runs: there } of requires) {
    lines.push(`    requires ${job} (${statuses.join(' or ')}), which ${there ? 'runs' : 'is left out'}`)
  }
  return lines
}

function conditionLines(part: ConditionPart, lead: string, margin: string): string[] {
  const variables = Object.entries(part.variables).map(
    ([name, value]) => `${name} is ${value === '' ? 'empty' : value}`,
  )
  const because = variables.length === 0 ? '' : `: ${variables.join(', ')}`
  const own = `${lead}${mark(part.value)} ${part.text}${because}`
  return [own, ...part.parts.flatMap((inner) => conditionLines(inner, `${margin}  `, `${margin}  `))]
}

function mark(value: boolean): string {
  return value ? '✓' : '✗'
}
