import { expect, test } from 'vitest'
import type { CompileResult } from '../compile-types.ts'
import type { Range } from '../diagnostics.ts'
import type { BuildSpec, PlanJob, PlanStep } from '../plan.ts'
import { compileText, type Given } from '../testing/compile.ts'

/** Numbers in names are those of the specification's list of edge cases. */
export interface FaultCase extends Given {
  name: string
  config: string
  /** Codes of all diagnostics, each with its place where that matters: `C104 3:5`. */
  gives: string[]
  /** Texts that must occur in messages or hints. */
  says?: string[]
  /** Related places of the first diagnostic: `3:3`. */
  related?: string[]
  /** Calls that led to the first diagnostic, outermost first: `job build`. */
  stack?: string[]
}

export interface ValueCase extends Given {
  name: string
  config: string
  see: (result: CompileResult) => unknown
  is: unknown
  /** Warnings that come with it. */
  gives?: string[]
}

export function faultCases(cases: FaultCase[]): void {
  test.each(cases)('$name', async ({ config, gives, says = [], related, stack, ...given }) => {
    const result = await compileText(config, given)

    expect(labels(result, gives)).toEqual(gives)
    expect(result.ok).toBe(!gives.some((label) => label.startsWith('C')))
    const text = result.diagnostics.map((one) => `${one.message}\n${one.hint ?? ''}`).join('\n')
    for (const part of says) expect(text).toContain(part)
    const first = result.diagnostics[0]
    if (stack) expect(first?.stack.map(({ kind, name }) => `${kind} ${name}`)).toEqual(stack)
    if (related) expect(first?.related.map(({ range }) => placeOf(range))).toEqual(related)
  })
}

export function valueCases(cases: ValueCase[]): void {
  test.each(cases)('$name', async ({ config, see, is, gives = [], ...given }) => {
    const result = await compileText(config, given)

    expect(labels(result, gives)).toEqual(gives)
    expect(see(result)).toEqual(is)
  })
}

function labels(result: CompileResult, wanted: string[]): string[] {
  return result.diagnostics.map(({ code, range }, index) => {
    const placed = wanted[index]?.includes(' ')
    return placed ? `${code} ${placeOf(range)}` : code
  })
}

function placeOf({ start }: Range): string {
  return `${start.line}:${start.column}`
}

/** A minimal job body. */
export const B = '{docker: [{image: "cimg/base:current"}], steps: [checkout]}'

const docker = 'docker: [{image: "cimg/base:current"}]'

/** A config whose job `build` has the given steps (block lines). */
export function withSteps(steps: string, extra = ''): string {
  return `version: 2.1\n${extra}jobs:\n  build:\n    ${docker}\n    steps:\n${indent(steps, 6)}`
}

/** A config whose job `build` declares the parameters and is called with the arguments (both flow maps). */
export function withParameters(parameters: string, args: string, steps: string, extra = ''): string {
  const job = `jobs:\n  build:\n    parameters: ${parameters}\n    ${docker}\n    steps:\n${indent(steps, 6)}`
  return `version: 2.1\n${extra}${job}workflows:\n  w:\n    jobs:\n      - build: ${args}\n`
}

/** A config with the workflow `w` over the jobs named (all with body B), entries as block lines. */
export function withWorkflow(entries: string, jobs: string[] = ['build'], extra = ''): string {
  const bodies = jobs.map((job) => `  ${job}: ${B}\n`).join('')
  return `version: 2.1\n${extra}jobs:\n${bodies}workflows:\n  w:\n    jobs:\n${indent(entries, 6)}`
}

/** A config with the workflow `w` under a condition; `condition` is the rest of the line, or lines. */
export function withCondition(condition: string, extra = ''): string {
  return `version: 2.1\n${extra}jobs: {build: ${B}}\nworkflows:\n  w:\n    ${condition}\n    jobs: [build]\n`
}

export function indent(text: string, by: number): string {
  const lines = text.trimEnd().split('\n')
  return `${lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line)).join('\n')}\n`
}

export function jobsOf(result: CompileResult): PlanJob[] {
  return result.plan?.workflows.flatMap((workflow) => workflow.jobs) ?? []
}

export function names(result: CompileResult): string[] {
  return jobsOf(result).map((job) => job.name)
}

/** `job < dependency(statuses)` for every job of the plan. */
export function graph(result: CompileResult): Record<string, string[]> {
  const requires = (job: PlanJob) =>
    job.requires.map((one) => (one.statuses.join() === 'success' ? one.job : `${one.job}: ${one.statuses.join('|')}`))
  return Object.fromEntries(jobsOf(result).map((job) => [job.name, requires(job)]))
}

export function spec(result: CompileResult, name = jobsOf(result)[0]?.name): BuildSpec {
  const found = jobsOf(result).find((job) => job.name === name)?.spec
  if (!found) throw new Error(`no job ${name}: ${JSON.stringify(result.diagnostics, undefined, 1)}`)
  return found
}

/** Texts of all `run` steps of a job; other steps by their kind. */
export function commands(result: CompileResult, name?: string): string[] {
  return spec(result, name).steps.map((step) => (step.kind === 'run' ? step.command : step.kind))
}

export function firstStep(result: CompileResult): Partial<PlanStep> & Record<string, unknown> {
  const { origin, ...rest } = spec(result).steps[0] ?? { origin: [] }
  return rest
}

export function runs(result: CompileResult): boolean {
  return names(result).length > 0
}
