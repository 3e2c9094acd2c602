import {
  type ExplainedJob,
  type ExplainedStep,
  type ExplainedValue,
  excerpt,
  type Place,
  type Source,
} from '@orrery/config'
import { OrreryError } from '@orrery/protocol'
import type { Command } from 'commander'
import { type JobFlags, jobOptions, shown } from '../../config-tools/about-job.ts'
import { compiledOrFail } from '../../config-tools/compile.ts'
import { noSuchJob } from '../../config-tools/find-job.ts'
import { reporting, type Texts } from '../../config-tools/report.ts'

export function addExplain(config: Command): void {
  jobOptions(config.command('explain'))
    .description('Tell where everything in a compiled job came from: commands, orbs, parameters, anchors.')
    .argument('<job[/step]>', 'job, and perhaps the number or name of a step')
    .addHelpText('after', '\nExample:\n  $ orrery config explain build/3')
    .action((target: string, flags: JobFlags) => reporting(flags.json, () => explain(target, flags)))
}

async function explain(target: string, flags: JobFlags): Promise<void> {
  const { inspection, texts } = await compiledOrFail(flags.config, flags)
  const found = select(target, (job) => inspection.explain(job))
  if (!found) throw noSuchStep(target, (job) => inspection.explain(job)) ?? noSuchJob(target, inspection.jobs)
  if (flags.json) process.stdout.write(`${JSON.stringify(found.jobs)}\n`)
  else process.stdout.write(found.jobs.map((job) => jobText(job, texts, found.narrowed)).join('\n'))
}

/** Jobs by the whole target, or by what stands before a slash and then a step: names of orb jobs hold slashes too. */
function select(
  target: string,
  explainJob: (job: string) => ExplainedJob[],
): { jobs: ExplainedJob[]; narrowed: boolean } | undefined {
  const whole = explainJob(target)
  if (whole.length > 0) return { jobs: whole, narrowed: false }
  for (let slash = target.lastIndexOf('/'); slash > 0; slash = target.lastIndexOf('/', slash - 1)) {
    const wanted = target.slice(slash + 1)
    const jobs = explainJob(target.slice(0, slash)).map((job) => ({ ...job, steps: stepsOf(job, wanted) }))
    if (jobs.some((job) => job.steps.length > 0)) return { jobs, narrowed: true }
  }
  return undefined
}

/** The error for a step that a job does not have; undefined where no part of the target names a job. */
function noSuchStep(target: string, explainJob: (job: string) => ExplainedJob[]): OrreryError | undefined {
  const job = target.slice(0, Math.max(0, target.lastIndexOf('/')))
  const [first] = explainJob(job)
  const has = `${job} has ${first?.steps.length} steps; \`orrery config explain ${job}\` shows them`
  return first && new OrreryError('ORY_JOB', [target, has])
}

function stepsOf(job: ExplainedJob, wanted: string): ExplainedStep[] {
  if (/^\d+$/.test(wanted)) return job.steps.filter((step) => step.number === Number(wanted))
  return job.steps.filter((step) => step.name === wanted || step.kind === wanted)
}

function jobText(job: ExplainedJob, texts: Texts, narrowed: boolean): string {
  const matrix = job.matrix ? ` with ${JSON.stringify(job.matrix)}` : ''
  const lines = [`${job.workflow} › ${job.name}  (${job.definition}${matrix})`, ...placeLines(job.place, texts, '  ')]
  if (!narrowed) lines.push(...job.values.flatMap((value) => valueLines(value, texts, '  ', false)))
  for (const step of job.steps) lines.push(...stepLines(step, texts, narrowed))
  return `${lines.join('\n')}\n`
}

function stepLines(step: ExplainedStep, texts: Texts, detailed: boolean): string[] {
  const title = oneLine(step.name)
  const lines = [`  step ${step.number}  ${step.kind}${title === step.kind ? '' : `: ${title}`}`]
  for (const { what, ...place } of step.origin) {
    lines.push(`    ${what ?? 'step'} at ${shown(place)}`)
    if (detailed) lines.push(...excerptOf(place, texts, '      '))
  }
  lines.push(...step.values.flatMap((value) => valueLines(value, texts, '    ', detailed)))
  return lines
}

function valueLines(value: ExplainedValue, texts: Texts, margin: string, detailed: boolean): string[] {
  const via = value.via ? `, brought in by the ${value.via.what} at ${shown(value.via)}` : ''
  const lines = [`${margin}${value.path || 'value'} = ${oneLine(value.value)}  (${shown(value.place)}${via})`]
  if (detailed) lines.push(...excerptOf(value.place, texts, `${margin}  `))
  // A text that names a parameter ten times got it from one place.
  return [
    ...lines,
    ...distinct(value.from).flatMap((one) => sourceLines(one, value.place, texts, `${margin}  `, detailed)),
  ]
}

function sourceLines(source: Source, use: Place, texts: Texts, margin: string, detailed: boolean): string[] {
  const own = shown(source.place) !== shown(use)
  const lines = [`${margin}<< ${source.name} >> is ${oneLine(source.value)}${own ? `  (${shown(source.place)})` : ''}`]
  if (detailed && own) lines.push(...excerptOf(source.place, texts, `${margin}  `))
  return [
    ...lines,
    ...distinct(source.from).flatMap((one) => sourceLines(one, source.place, texts, `${margin}  `, detailed)),
  ]
}

function distinct(sources: Source[]): Source[] {
  return [...new Map(sources.map((one) => [`${one.name} ${shown(one.place)}`, one])).values()]
}

function placeLines(place: Place, texts: Texts, margin: string): string[] {
  return [`${margin}at ${shown(place)}`, ...excerptOf(place, texts, `${margin}  `)]
}

function excerptOf({ file, line, column }: Place, texts: Texts, margin: string): string[] {
  const text = texts.get(file)
  if (text === undefined) return []
  return excerpt({ start: { line, column }, end: { line, column: column + 1 } }, text).map((one) => `${margin}${one}`)
}

function oneLine(text: string): string {
  const first = text.trim().split('\n', 1)[0] ?? ''
  return first === text.trim() ? first : `${first} …`
}
