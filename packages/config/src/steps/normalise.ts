import type { Json } from '../emit/json.ts'
import { stepMargin, writeWords } from '../emit/yaml.ts'
import { rendered, variables, writeVariables } from '../executors/environment.ts'
import { fieldText, givenText, shellText } from '../executors/plan.ts'
import type { PlanStep, StepOrigin } from '../plan.ts'
import type { Env } from '../scope/types.ts'
import { emptyMapAt, get, getPresent, type YNode } from '../yaml/nodes.ts'
import { delaySeconds } from './vocabulary.ts'

/** A step after expansion: as the compiled config shows it and as the agent gets it. */
export interface CompiledStep {
  /** The built-in that it is. */
  kind: string
  /** As it stands in the compiled config. */
  text: string
  /** The evaluated arguments, each with its place. */
  args: YNode
  /** Absent for steps that this installation's agent has no part in. */
  plan?: PlanStep
}

interface Common {
  name: string
  when?: 'always' | 'on_success' | 'on_fail'
  origin: StepOrigin[]
}

const defaultNames: Record<string, string> = {
  checkout: 'Checkout code',
  save_cache: 'Saving Cache',
  restore_cache: 'Restoring Cache',
  store_artifacts: 'Uploading artifacts',
  store_test_results: 'Uploading test results',
  persist_to_workspace: 'Persisting to Workspace',
  attach_workspace: 'Attaching Workspace',
  setup_remote_docker: 'Setup a remote Docker engine',
  add_ssh_keys: 'Installing additional ssh keys',
}

/** Turns an evaluated and checked built-in step into its two forms (spec: config-language.md 14, execution.md 10.1). */
export function normaliseStep(kind: string, args: YNode, origin: StepOrigin[], env: Env): CompiledStep {
  if (kind === 'run' || kind === 'deploy') return run(kind, args, origin, env)
  const body = args.kind === 'map' ? args : emptyMapAt(args)
  const when = whenOf(body)
  const name = fieldText(getPresent(body, 'name'))
  const common: Common = { name: name || (defaultNames[kind] ?? kind), origin }
  if (when) common.when = when
  const { entries, plan } = vocabulary(kind, body, name, common)
  return { kind, text: stepText(kind, entries), args, plan }
}

/** Where the keys of a step stand. */
const margin = stepMargin + 2

/** Entries must come in the alphabetical order of their keys, as in every compiled step (22.1). */
type Entries = Record<string, Json | undefined>

function stepText(kind: string, entries: Entries): string {
  const written = writeWords(entries, margin)
  return written ? `${kind}:${written.text}` : kind
}

function whenOf(body: YNode): Common['when'] {
  const word = fieldText(getPresent(body, 'when'))
  return word === 'always' || word === 'on_success' || word === 'on_fail' ? word : undefined
}

function run(kind: string, args: YNode, origin: StepOrigin[], env: Env): CompiledStep {
  const field = (key: string) => fieldText(getPresent(args, key))
  const command = args.kind === 'map' ? (field('command') ?? '') : (fieldText(args) ?? '')
  const name = field('name')
  const when = whenOf(args)
  const environment = variables(getPresent(args, 'environment'))
  const background = isTrue(getPresent(args, 'background'))
  const workingDirectory = field('working_directory')
  const shell = shellText(getPresent(args, 'shell'))
  const timeout = field('no_output_timeout')
  const reruns = getPresent(args, 'max_auto_reruns')
  const maxAutoReruns = reruns?.kind === 'scalar' && typeof reruns.value === 'number' ? reruns.value : undefined
  const delay = field('auto_rerun_delay')
  const noOutputTimeoutS = timeout === undefined ? undefined : durationSeconds(timeout)
  const autoRerunDelayS = delaySeconds(delay)
  const text = stepText(kind, {
    auto_rerun_delay: delay,
    background: background || undefined,
    command,
    environment: writeVariables(environment, margin + 2),
    max_auto_reruns: maxAutoReruns,
    name,
    no_output_timeout: timeout === undefined || /[smh]$/.test(timeout) ? timeout : `${timeout}s`,
    shell,
    when,
    working_directory: workingDirectory,
  })
  const plan: PlanStep = {
    kind: 'run',
    name: name || command,
    origin,
    command,
    environment: rendered(environment, env.world.options.numericEnv),
    background,
  }
  if (when) plan.when = when
  if (kind === 'deploy') plan.deploy = true
  if (shell !== undefined) plan.shell = shell
  if (workingDirectory) plan.workingDirectory = workingDirectory
  if (noOutputTimeoutS !== undefined) plan.noOutputTimeoutS = noOutputTimeoutS
  if (maxAutoReruns !== undefined) plan.maxAutoReruns = maxAutoReruns
  if (autoRerunDelayS !== undefined) plan.autoRerunDelayS = autoRerunDelayS
  return { kind, text, args, plan }
}

function isTrue(node: YNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true
}

function durationSeconds(text: string): number | undefined {
  const unit = { s: 1, m: 60, h: 3600 }[text.at(-1) ?? '']
  const seconds = unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit
  return seconds > 0 ? seconds : undefined
}

function texts(node: YNode | undefined): string[] {
  if (node?.kind === 'seq') return node.items.map((item) => fieldText(item) ?? '')
  const one = fieldText(node)
  return one === undefined ? [] : [one]
}

interface Forms {
  entries: Entries
  plan?: PlanStep
}

function vocabulary(kind: string, body: YNode, name: string | undefined, common: Common): Forms {
  const field = (key: string) => fieldText(getPresent(body, key))
  const { when } = common
  switch (kind) {
    case 'checkout':
      return checkout(body, name, common)
    case 'save_cache': {
      const key = field('key') ?? ''
      const paths = texts(get(body, 'paths'))
      return { entries: { key, name, paths, when }, plan: { ...common, kind, key, paths } }
    }
    case 'restore_cache': {
      const key = field('key')
      const keys = texts(getPresent(body, 'keys'))
      const entries = { key, keys: keys.length > 0 ? keys : undefined, name, when }
      return { entries, plan: { ...common, kind, keys: key === undefined ? keys : [key, ...keys] } }
    }
    case 'store_artifacts': {
      const path = field('path') ?? ''
      const destination = field('destination')
      return {
        entries: { destination, name, path, when },
        plan: { ...common, kind, path, ...(destination && { destination }) },
      }
    }
    case 'store_test_results': {
      const path = field('path') ?? ''
      return { entries: { name, path, when }, plan: { ...common, kind, path } }
    }
    case 'persist_to_workspace': {
      const root = field('root') ?? ''
      const paths = texts(get(body, 'paths'))
      return { entries: { name, paths, root, when }, plan: { ...common, kind, root, paths } }
    }
    case 'attach_workspace': {
      const at = field('at') ?? ''
      return { entries: { at, name, when }, plan: { ...common, kind, at } }
    }
    case 'add_ssh_keys': {
      const fingerprints = texts(getPresent(body, 'fingerprints'))
      return {
        entries: { fingerprints: fingerprints.length > 0 ? fingerprints : undefined, name, when },
        plan: { ...common, kind, fingerprints },
      }
    }
    case 'setup_remote_docker':
      return remoteDocker(body, name, common)
    default:
      return { entries: { name, when } }
  }
}

function checkout(body: YNode, name: string | undefined, common: Common): Forms {
  const method = fieldText(getPresent(body, 'method'))
  const path = fieldText(getPresent(body, 'path'))
  const depth = getPresent(body, 'depth')
  const entries = { depth: depth?.kind === 'scalar' ? depth.value : undefined, method, name, path, when: common.when }
  // The agent knows two ways; a shallow clone is an economy, and the blobless one economises more safely.
  const planned = method === 'full' ? 'full' : 'blobless'
  return { entries, plan: { ...common, kind: 'checkout', method: planned, ...(path && { path }) } }
}

function remoteDocker(body: YNode, name: string | undefined, common: Common): Forms {
  const version = givenText(getPresent(body, 'version'))
  const dockerLayerCaching = isTrue(getPresent(body, 'docker_layer_caching'))
  const entries = {
    docker_layer_caching: dockerLayerCaching || undefined,
    name,
    prefer_same_region: isTrue(getPresent(body, 'prefer_same_region')) || undefined,
    version,
    when: common.when,
  }
  return {
    entries,
    plan: { ...common, kind: 'setup_remote_docker', ...(version && { version }), dockerLayerCaching },
  }
}
