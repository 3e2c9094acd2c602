import { cut } from '../report/suggest.ts'
import { environment } from '../shape/environment.ts'
import { type JsonSchema, templatePattern } from '../shape/schema.ts'
import {
  boolean,
  described,
  integer,
  isOpen,
  list,
  map,
  missing,
  oneOrList,
  type Shape,
  shape,
  string,
  text,
  word,
  wordOf,
  wrongType,
} from '../shape/shape.ts'
import { get, getPresent, isBroken, isInteger, type YNode } from '../yaml/nodes.ts'

/** What the compiler knows of a built-in step (spec: config-language.md 14). */
export interface Builtin {
  shape: Shape
  /** Keys without which the step means nothing; a bare step is then C223. */
  needs: string[]
  /** `- run: text` and `- deploy: text`. */
  shorthand?: boolean
}

const when = wordOf(['always', 'on_success', 'on_fail'], (node, { world, stack }) => {
  const found = node.kind === 'scalar' ? cut(node.text) : node.kind
  world.report.add('C230', node, `\`when\` must be one of always, on_success, on_fail, found ${found}`, { stack })
})

const common = {
  name: described('Name of the step in the log.', string),
  when: described('Whether it runs after a failure; the default of most steps is on_success.', when),
}

/**
 * The maps of built-in steps are open: files in the wild carry keys that never had a meaning (`paths` in restore_cache,
 * `background` in save_cache) and compile. Keys of automatic reruns are refused, because they would be missed.
 */
const openStep = { open: true, closed: new Set(['max_auto_reruns', 'auto_rerun_delay']) }

/** A duration; a bare number means seconds, as files in the wild have it. */
const noOutputTimeout = word(
  { type: ['string', 'number'], pattern: `^\\d+(\\.\\d+)?[smh]$|${templatePattern}` },
  (value, text) => /^\d+(\.\d+)?[smh]$/.test(text) || (typeof value === 'number' && value > 0),
  (node, { world, stack }) => {
    const found = node.kind === 'scalar' ? cut(node.text) : node.kind
    world.report.add('C231', node, `Invalid duration ${found} for \`no_output_timeout\``, {
      stack,
      hint: 'a number and one of s, m, h, for example 20m',
    })
  },
)

const rerunsSchema: JsonSchema = { type: ['integer', 'string'], minimum: 1, maximum: 5, pattern: templatePattern }

export const maxAutoReruns: Shape = shape(rerunsSchema, (node, context) => {
  if (isOpen(node, context)) return
  const { world, stack } = context
  if (isInteger(node) && node.value >= 1 && node.value <= 5) return
  world.report.add('C232', node, '`max_auto_reruns` must be an integer from 1 to 5', { stack })
})

const delayMessage = '`auto_rerun_delay` must be 1–10m or 1–600s and needs `max_auto_reruns`'

/** Seconds of an `auto_rerun_delay`, or undefined when it is none. */
export function delaySeconds(value: unknown): number | undefined {
  const found = typeof value === 'string' ? /^([1-9]\d{0,2})([ms])$/.exec(value) : null
  if (!found) return undefined
  const seconds = Number(found[1]) * (found[2] === 'm' ? 60 : 1)
  return seconds <= 600 ? seconds : undefined
}

const autoRerunDelay = word(
  { type: 'string', pattern: `^(?:(?:10|[1-9])m|[1-9]\\d{0,2}s)$|${templatePattern}` },
  (value) => delaySeconds(value) !== undefined,
  (node, { world, stack }) => world.report.add('C233', node, delayMessage, { stack }),
)

const runKeys = {
  ...common,
  command: described('What the shell runs.', string),
  shell: described('Shell of this step.', oneOrList(string)),
  environment: described('Variables of this step.', environment),
  background: described('Do not wait for its end.', boolean),
  working_directory: described("Where it runs; relative to the job's working directory.", string),
  no_output_timeout: described('How long it may be silent, like 20m; the default is 10m.', noOutputTimeout),
  max_auto_reruns: described('How often it is tried again when it fails: 1 to 5 times.', maxAutoReruns),
  auto_rerun_delay: described('How long to wait before it is tried again: at most 10m.', autoRerunDelay),
}
const runRules = { open: true, awaited: ['command'] }
const runMap = map(runKeys, runRules)

const runSchema: JsonSchema = {
  anyOf: [{ type: 'string' }, { ...runMap.schema, type: 'object', required: ['command'] }],
}

/** A value that broke on the way has been told already. */
function isGiven(node: YNode, key: string): boolean {
  return getPresent(node, key) !== undefined || isBroken(get(node, key))
}

const severalCommands = 'write each command as a step of its own, or all below "run: |", a line each'

const run: Shape = shape(runSchema, (node, context) => {
  const { report } = context.world
  const { stack } = context
  if (node.kind === 'seq') return wrongType(node, 'string', context, severalCommands)
  if (node.kind !== 'map') return string(node, context)
  runMap(node, context)
  if (!isGiven(node, 'command'))
    missing(node, 'command', Object.keys(runKeys), runRules, context, 'C225', '`run` has no `command`')
  const delay = getPresent(node, 'auto_rerun_delay')
  const reruns = getPresent(node, 'max_auto_reruns')
  if (delay && !reruns) report.add('C233', delay, delayMessage, { stack })
  const background = getPresent(node, 'background')
  const rerun = reruns ?? delay
  if (background?.kind === 'scalar' && background.value === true && rerun) {
    report.add('C234', rerun, 'A background step cannot be rerun automatically', { stack })
  }
})

const checkoutMap = map(
  {
    ...common,
    path: described('Where to put the source; the default is the working directory.', string),
    method: described('How to fetch it: blobless, full or shallow.', string),
    depth: described('How many commits a shallow checkout fetches.', integer(1)),
  },
  openStep,
)

const checkout: Shape = shape(checkoutMap.schema, (node, context) => {
  checkoutMap(node, context)
  const method = getPresent(node, 'method')
  const depth = getPresent(node, 'depth')
  const open = [method, depth].some((one) => one?.kind === 'scalar' && context.wildcards && one.text.includes('<<'))
  if (open || (method && method.kind !== 'scalar')) return
  const chosen = method?.value ?? 'blobless'
  const known = chosen === 'blobless' || chosen === 'full' || chosen === 'shallow'
  if (known && (chosen === 'shallow') === (depth !== undefined)) return
  const problem = known ? '`depth` belongs to `shallow`, which needs it' : 'expected blobless, full or shallow'
  const at = method ?? depth ?? node
  context.world.report.add('C235', at, `Invalid \`checkout\` method or depth: ${problem}`, { stack: context.stack })
})

const restoreMap = map(
  {
    ...common,
    key: described('Key of the cache, or the beginning of one.', string),
    keys: described('Keys to try in this order.', list(string)),
  },
  openStep,
)
const restoreSchema: JsonSchema = {
  ...restoreMap.schema,
  anyOf: [{ required: ['key'] }, { required: ['keys'] }, { type: 'string' }],
}

const restoreCache: Shape = shape(restoreSchema, (node, context) => {
  restoreMap(node, context)
  if (node.kind !== 'map' || isGiven(node, 'key') || isGiven(node, 'keys')) return
  context.world.report.add('C226', node, '`restore_cache` needs `key` or `keys`', { stack: context.stack })
})

const pathSchema: JsonSchema = { anyOf: [{ type: 'string' }, list(string, 1).schema] }

const pathList: Shape = shape(pathSchema, (node, context) => {
  if (node.kind !== 'scalar') return list(string, 1)(node, context)
  string(node, context)
  const template = context.wildcards && node.text.includes('<<')
  if (template) return
  context.world.report.add('W926', node, '`paths` is a single value where a list is expected', { stack: context.stack })
})

/** A built-in that is an open map; what it needs it must be given. */
function builtin(description: string, keys: Record<string, Shape>, needs: string[] = []): Builtin {
  const rules = needs.length > 0 ? { ...openStep, required: needs } : openStep
  return { shape: described(description, map({ ...common, ...keys }, rules)), needs }
}

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['run', { shape: described('Run a command in a shell.', run), needs: ['command'], shorthand: true }],
  ['deploy', { shape: described('The old word for run.', run), needs: ['command'], shorthand: true }],
  ['checkout', { shape: described('Fetch the source code.', checkout), needs: [] }],
  [
    'setup_remote_docker',
    builtin('Give the job a Docker engine of its own.', {
      docker_layer_caching: described('Keep the layers of built images between jobs.', boolean),
      prefer_same_region: described('Has no meaning here.', boolean),
      version: described('Version of the engine.', text),
    }),
  ],
  [
    'save_cache',
    builtin(
      'Keep files for later jobs under a key, which is written once.',
      {
        key: described('Key, with templates like {{ checksum "package-lock.json" }}.', string),
        paths: described('Files and folders to keep.', pathList),
      },
      ['key', 'paths'],
    ),
  ],
  [
    'restore_cache',
    {
      shape: described('Bring back the newest cache that a key or the beginning of one fits.', restoreCache),
      needs: ['key'],
    },
  ],
  [
    'store_artifacts',
    builtin(
      'Keep files of the job for people to look at.',
      {
        path: described('File or folder to keep.', string),
        destination: described('Name that they are shown under.', string),
      },
      ['path'],
    ),
  ],
  [
    'store_test_results',
    builtin('Read test reports.', { path: described('Report in JUnit XML, or a folder of reports.', string) }, [
      'path',
    ]),
  ],
  [
    'persist_to_workspace',
    builtin(
      'Hand files on to the later jobs of the workflow.',
      {
        root: described('Folder that the paths are relative to.', string),
        paths: described('Files, folders or patterns.', pathList),
      },
      ['root', 'paths'],
    ),
  ],
  [
    'attach_workspace',
    builtin(
      'Bring the files that earlier jobs of the workflow handed on.',
      { at: described('Folder to put them in.', string) },
      ['at'],
    ),
  ],
  [
    'add_ssh_keys',
    builtin("Bring the project's SSH keys.", {
      fingerprints: described('Fingerprints of the keys; without it, all.', list(string)),
    }),
  ],
  ['install_signing_bundle', builtin('Bring the signing certificates of a macOS job.', {})],
])

const oldSpellings = new Map([
  ['shell', 'run'],
  ['setup_docker_engine', 'setup_remote_docker'],
])

/** What a step name of a version 2.0 file means: old names, and hyphens for underscores, as its parser took them. */
export function legacyName(name: string): string {
  return oldSpellings.get(name) ?? name.replaceAll('-', '_')
}
