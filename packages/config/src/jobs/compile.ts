import { fromNode, type Json } from '../emit/json.ts'
import { bodyMargin, stepMargin, wordLines, writeList, writeWords } from '../emit/yaml.ts'
import { rendered, variables, writeVariables } from '../executors/environment.ts'
import { fieldText, givenText, liftSynonyms, placeLines, planExecutor, shellText } from '../executors/plan.ts'
import { overlay, type Place, placeOf, resolveExecutor } from '../executors/resolve.ts'
import type { BuildSpec, PlanExecutor, PlanJob, PlanStep, StepOrigin } from '../plan.ts'
import { type Element, type Env, makeEnv, type Value } from '../scope/types.ts'
import { jobKeys } from '../shape/job.ts'
import type { ShapeContext } from '../shape/shape.ts'
import { expandSteps, originOf } from '../steps/expand.ts'
import type { CompiledStep } from '../steps/normalise.ts'
import { evaluateNode, isLiteral } from '../templates/evaluate.ts'
import { get, getPresent, isNull, stringOf, toData, type YNode } from '../yaml/nodes.ts'

/** A job's body after expansion. */
export interface CompiledJob {
  type: PlanJob['type']
  /** The lines of the body as they stand in the compiled config: equal ones are the same job (16.12). */
  text: string
  spec?: BuildSpec
  release?: PlanJob['release']
  serialKey?: string
  /** Of a build: the nodes behind `spec`, each with its place. */
  nodes?: {
    executor: YNode | undefined
    place: Place
    fields: ReadonlyMap<string, YNode>
    steps: readonly CompiledStep[]
  }
}

export interface ExtraSteps {
  /** Lists of steps of the workflow entry, with the entry's own scope. */
  before?: YNode
  after?: YNode
  env: Env
}

/** Compiles one use of a job; undefined when it cannot be, which has then been reported. `env.stack` names the job. */
export function compileJob(
  job: Element,
  params: ReadonlyMap<string, Value>,
  extra: ExtraSteps,
  at: YNode,
  env: Env,
): CompiledJob | undefined {
  const inner = makeEnv(env.world, job.unit, env.stack, params)
  const type = stringOf(get(job.node, 'type')) ?? 'build'
  if (type === 'build') return compileBuild(job, extra, at, inner)
  if (type === 'release') return compileRelease(job.node, inner)
  if (type === 'lock' || type === 'unlock') {
    const serialKey = fieldText(evaluateNode(get(job.node, 'key') ?? at, inner)) ?? ''
    return { ...finish(type, jobText(type, { key: serialKey }), at, inner), serialKey }
  }
  return finish(type === 'approval' ? 'approval' : 'no-op', jobText(type), at, inner)
}

/** The body of a job that is no build. */
export function jobText(type: string, entries: Record<string, Json | undefined> = {}): string {
  return writeWords({ type, ...entries }, bodyMargin)?.text ?? ''
}

function finish(type: PlanJob['type'], text: string, at: YNode, env: Env): CompiledJob {
  env.world.budget.spend(text.length, at)
  return { type, text }
}

function compileRelease(node: YNode, env: Env): CompiledJob {
  const planName = fieldText(evaluateNode(get(node, 'plan_name') ?? node, env)) ?? ''
  const written = getPresent(node, 'validation')
  const validation = written && evaluateNode(written, env)
  const text = jobText('release', { plan_name: planName, validation: validation && fromNode(validation) })
  return {
    ...finish('release', text, node, env),
    release: { planName, ...(validation && { validation: toData(validation) }) },
  }
}

function compileBuild(job: Element, extra: ExtraSteps, at: YNode, env: Env): CompiledJob | undefined {
  const before = env.world.report.errorCount
  const place = mergedPlace(job.node, env)
  const fields = evaluatedFields(job.node, env)
  const steps = allSteps(job, extra, at, env)
  if (!place) return undefined
  checkEvaluated(place, fields, env)
  if (env.world.report.errorCount > before) return undefined
  const executor = planExecutor(place, job.node, env)
  if (!executor) return undefined
  warnUseless(steps, executor, job.node, env)
  const variables = mergedVariables(place)
  env.world.budget.spend(costOfVariable * variables.size, job.node)
  const text = bodyText(place, variables, fields, steps)
  const spec = buildSpec(executor, place, variables, fields, steps, env)
  const written = getPresent(job.node, 'executor')
  const executorNode = written && evaluateNode(written, env)
  env.world.budget.spend(text.length, at)
  return { type: 'build', text, spec, nodes: { executor: executorNode, place, fields, steps } }
}

function mergedPlace(node: YNode, env: Env): Place | undefined {
  const own = placeOf(node, env)
  const written = getPresent(node, 'executor')
  if (!written) return liftSynonyms(own)
  const executor = resolveExecutor(written, env)
  // Synonyms inside `machine` count for the level they are written at.
  return executor && overlay(liftSynonyms(executor), liftSynonyms(own))
}

const fieldKeys = ['parallelism', 'circleci_ip_ranges', 'retention']

function evaluatedFields(node: YNode, env: Env): Map<string, YNode> {
  const fields = new Map<string, YNode>()
  for (const key of fieldKeys) {
    const written = getPresent(node, key)
    if (written) fields.set(key, evaluateNode(written, env))
  }
  return fields
}

/** Checks what templates gave; what is as it was written was checked there. */
function checkEvaluated(place: Place, fields: Map<string, YNode>, env: Env): void {
  const context: ShapeContext = { world: env.world, wildcards: false, stack: env.stack }
  const check = (node: YNode, key: string) => {
    if (isNull(node) || !isLiteral(node)) jobKeys[key]?.(node, context)
  }
  place.keys.forEach(check)
  fields.forEach(check)
  for (const node of place.environments) check(node, 'environment')
}

function allSteps(job: Element, extra: ExtraSteps, at: YNode, env: Env): CompiledStep[] {
  const steps: CompiledStep[] = []
  const entry: StepOrigin[] = [originOf(at, `job ${job.name}`)]
  if (extra.before) expandSteps(extra.before, extra.env, [{ ...entry[0], what: 'pre-steps' } as StepOrigin], steps)
  const written = get(job.node, 'steps')
  if (written) expandSteps(written, env, [], steps)
  if (extra.after) expandSteps(extra.after, extra.env, [{ ...entry[0], what: 'post-steps' } as StepOrigin], steps)
  return steps
}

function warnUseless(steps: CompiledStep[], executor: PlanExecutor, at: YNode, env: Env): void {
  for (const { kind } of steps) {
    const useless =
      (kind === 'setup_remote_docker' && executor.type !== 'docker') ||
      (kind === 'install_signing_bundle' && executor.type !== 'macos')
    if (useless)
      env.world.report.add('W922', at, `Step ${kind} has no effect on a ${executor.type} job`, { stack: env.stack })
  }
}

type Variables = ReturnType<typeof variables>

/** What a variable costs of the budget besides its text: a matrix can repeat thousands of them a thousand times. */
const costOfVariable = 128

function bodyText(place: Place, variables: Variables, fields: Map<string, YNode>, steps: CompiledStep[]): string {
  let lines = placeLines(place)
  const environment = writeVariables(variables, bodyMargin + 2)
  if (environment) lines += wordLines('environment', environment, bodyMargin)
  for (const [key, node] of fields) lines += wordLines(key, fromNode(node), bodyMargin)
  const written = steps.map((step) => step.text)
  return lines + wordLines('steps', writeList(written, stepMargin - 2), bodyMargin)
}

function mergedVariables({ environments }: Place): Variables {
  if (environments.length === 1) return variables(environments[0])
  return new Map(environments.flatMap((node) => [...variables(node)]))
}

function plannedSteps(steps: CompiledStep[]): PlanStep[] {
  const planned: PlanStep[] = []
  for (const { plan } of steps) if (plan) planned.push(plan)
  return planned
}

function buildSpec(
  executor: PlanExecutor,
  place: Place,
  variables: Variables,
  fields: Map<string, YNode>,
  steps: CompiledStep[],
  env: Env,
): BuildSpec {
  const resourceClass = givenText(place.keys.get('resource_class'))
  const shell = shellText(place.keys.get('shell'))
  const parallelism = fields.get('parallelism')
  const ranges = fields.get('circleci_ip_ranges')
  const caches = fieldText(getPresent(fields.get('retention'), 'caches'))
  const spec: BuildSpec = {
    executor,
    parallelism: parallelism?.kind === 'scalar' && typeof parallelism.value === 'number' ? parallelism.value : 1,
    environment: rendered(variables, env.world.options.numericEnv),
    workingDirectory: givenText(place.keys.get('working_directory')) ?? '~/project',
    steps: plannedSteps(steps),
    ipRanges: ranges?.kind === 'scalar' && ranges.value === true,
  }
  if (resourceClass !== undefined) spec.resourceClass = resourceClass
  if (shell !== undefined) spec.shell = shell
  if (caches !== undefined) spec.retention = { caches }
  return spec
}
