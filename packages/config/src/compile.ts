import type { CompileInput, CompileOptions, CompileResult, OrbResolver } from './compile-types.ts'
import { checkUnits, warnUnused } from './elements/check.ts'
import { makeUnit } from './elements/tables.ts'
import { emitCompiled, withComments } from './emit/compiled.ts'
import { OrbLoader } from './orbs/load.ts'
import { continuationArguments } from './parameters/continuation.ts'
import { bindPipelineParameters } from './parameters/pipeline.ts'
import { buildPlan } from './plan/build.ts'
import type { Plan } from './plan.ts'
import { Abandon, Collector } from './report/collector.ts'
import { maxCompiledBytes } from './scope/budget.ts'
import { makeEnv, makeWorld, type Unit, type World } from './scope/types.ts'
import { checkConfig } from './shape/config.ts'
import { detectVersion } from './shape/version.ts'
import { evaluateNode } from './templates/evaluate.ts'
import type { Trace } from './trace.ts'
import {
  expandWorkflow,
  linkWorkflows,
  readSchedules,
  type SelectedWorkflow,
  selectWorkflows,
} from './workflows/compile.ts'
import { get, getPresent, startOf, type YMap } from './yaml/nodes.ts'
import { parseYaml } from './yaml/parse.ts'
import { SourceText } from './yaml/source.ts'

/** Options under which any file that the hosted product compiles, or compiled before 2026, compiles (0.2). */
export const defaultCompileOptions: CompileOptions = {
  undeclaredPipelineParams: 'error',
  regexDialect: 'permissive',
  v2Dialect: 'legacy',
  numericEnv: 'decimal',
  unknownKeys: 'error',
}

/** A resolver for places without any registry: no orb can be had. */
export const noOrbs: OrbResolver = {
  resolve: async () => ({ ok: false, reason: 'no orb registry is configured here' }),
}

const maxSourceBytes = 8 * 1024 * 1024

/**
 * Compiles a config to a plan (spec: config-language.md 1). Pure but for the orb resolver; faults of the config come back
 * as diagnostics, only internal faults are thrown.
 */
export async function compile(input: CompileInput): Promise<CompileResult> {
  return (await compileTraced(input)).result
}

/** Compiles, and keeps what the tools need that explain a result. */
export async function compileTraced(input: CompileInput): Promise<{ result: CompileResult; trace?: Trace }> {
  const report = new Collector()
  const lock: CompileResult['orbLock'] = []
  const facts: Facts = { isSetup: false }
  const failed = () => ({ ok: false, diagnostics: report.sorted(), isSetup: facts.isSetup, orbLock: lock })
  try {
    const output = await run(input, report, lock, facts)
    const diagnostics = report.sorted()
    const trace = facts.trace && { trace: facts.trace }
    if (report.hasErrors || !output) return { result: failed(), ...trace }
    return { result: { ok: true, diagnostics, ...output, isSetup: facts.isSetup, orbLock: lock }, ...trace }
  } catch (error) {
    if (!(error instanceof Abandon)) throw error
    return { result: failed() }
  }
}

interface Facts {
  isSetup: boolean
  trace?: Trace
}

type Output = Required<Pick<CompileResult, 'compiled' | 'plan'>>

/** The phases in their order; each one that finds errors ends the run. */
async function run(
  input: CompileInput,
  report: Collector,
  lock: CompileResult['orbLock'],
  facts: Facts,
): Promise<Output | undefined> {
  const source = new SourceText(input.source.file, input.source.text)
  if (isLonger(source.text, maxSourceBytes)) {
    report.add('C602', startOf(source), `The config text is larger than ${maxSourceBytes} bytes`)
    return undefined
  }
  const root = parseYaml(source, report)
  if (!root || report.hasErrors) return undefined
  const modern = detectVersion(root, input.options, report)
  if (modern === undefined) return undefined
  const world = makeWorld(report, input.options, modern, input.pipelineValues)
  checkConfig(root, world)
  const setup = getPresent(root, 'setup')
  facts.isSetup = setup?.kind === 'scalar' && setup.value === true
  if (facts.isSetup && setup && input.phase === 'continuation') {
    report.add('C581', setup, 'A continuation config cannot set `setup: true`')
  }
  const args = continuationArguments(root, input, world)
  if (modern) world.pipelineParameters = bindPipelineParameters(root, args, world)
  if (report.hasErrors) return undefined
  return compileElements(world, root, input, lock, facts)
}

async function compileElements(
  world: World,
  root: YMap,
  input: CompileInput,
  lock: CompileResult['orbLock'],
  facts: Facts,
): Promise<Output | undefined> {
  const { report } = world
  const unit = makeUnit(root, input.source.file, true, world)
  const loader = new OrbLoader(world, input.orbResolver)
  if (world.modern) await loader.load(unit)
  lock.push(...loader.lock)
  if (report.hasErrors) return undefined
  const env = makeEnv(world, unit)
  checkUnits(unit, env)
  if (report.hasErrors) return undefined
  const { selected, none } = selectWorkflows(root, env)
  facts.trace = { root, env, workflows: [] }
  if (none) reportNothingToRun(root, world)
  if (facts.isSetup) refuseSchedules(selected, world)
  if (report.hasErrors) return undefined
  const output = compileWorkflows(selected, root, unit, world, input, lock, facts.trace)
  if (facts.isSetup && output) checkSetup(output.plan, root, world)
  return output
}

/** Whether a text takes more bytes of UTF-8; a unit of a string takes three at most. */
function isLonger(text: string, bytes: number): boolean {
  return text.length > bytes / 3 && Buffer.byteLength(text) > bytes
}

function reportNothingToRun(root: YMap, world: World): void {
  const message = 'Cannot find a job named `build` to run in the `jobs:` section of your configuration file'
  const hint = "If you expected a workflow to run, check your config contains a top-level key called 'workflows:'"
  world.report.add('C550', root, message, { hint })
}

function refuseSchedules(selected: SelectedWorkflow[], world: World): void {
  for (const { node } of selected) {
    const key = node.kind === 'map' ? node.entries.get('triggers')?.key : undefined
    if (key && getPresent(node, 'triggers')) {
      world.report.add('C505', key, 'Scheduled workflows cannot be used in a setup config')
    }
  }
}

/**
 * A setup config runs at most one workflow (spec: config-language.md 20). Workflows whose every job is filtered out do
 * not count: real configs have one for branches and one for tags.
 */
function checkSetup({ workflows }: Plan, root: YMap, world: World): void {
  if (workflows.length <= 1) return
  const names = workflows.map(({ name }) => name).join(', ')
  const message = `A setup config must have exactly one workflow to run, found ${workflows.length}: ${names}`
  world.report.add('C580', root.entries.get('workflows')?.key ?? root, message)
}

function compileWorkflows(
  selected: SelectedWorkflow[],
  root: YMap,
  unit: Unit,
  world: World,
  input: CompileInput,
  lock: CompileResult['orbLock'],
  trace: Trace,
): Output | undefined {
  const { report } = world
  const workflows = selected.map((one) => ({ compiled: expandWorkflow(one), env: one.env, one }))
  const schedules = selected.flatMap(readSchedules)
  if (report.hasErrors) return undefined
  warnUnused(
    unit,
    workflows.map(({ compiled }) => compiled),
    makeEnv(world, unit),
  )
  trace.workflows = workflows.map(({ compiled, one }) => ({ compiled, selected: one }))
  linkWorkflows(workflows, get(root, 'workflows') ?? root)
  if (report.hasErrors) return undefined
  const yaml = emitCompiled(
    workflows.map(({ compiled, one }) => {
      const triggers = getPresent(one.node, 'triggers')
      return { compiled, ...(triggers && { triggers: evaluateNode(triggers, one.env) }) }
    }),
  )
  if (isLonger(yaml, maxCompiledBytes)) {
    report.add('C601', root, 'A compiled config YAML must be at most 8MB')
    return undefined
  }
  const unscheduled = workflows.filter(({ one }) => !getPresent(one.node, 'triggers'))
  const plan = buildPlan(
    unscheduled.map(({ compiled }) => compiled),
    schedules,
  )
  return { compiled: withComments(yaml, lock, input.source.text), plan }
}
