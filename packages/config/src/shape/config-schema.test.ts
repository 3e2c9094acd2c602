import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { compile, defaultCompileOptions, noOrbs } from '../compile.ts'
import { Collector } from '../report/collector.ts'
import { corpusContinuations } from '../testing/continuations.ts'
import { corpusConfigs, hasCorpus } from '../testing/corpus.ts'
import { toData } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'
import { configSchema } from './config-schema.ts'
import type { JsonSchema } from './schema.ts'

const validate = new Ajv({ allErrors: true, strict: false }).compile(configSchema())

/** Faults of a config as the compiler reads it, and as an editor does: by YAML 1.2, with merge keys. */
function faults(text: string): string[] {
  const root = parseYaml(new SourceText('config.yml', text), new Collector())
  const found = root ? errorsOf(toData(root)) : []
  const document = parseDocument(text, { merge: true, uniqueKeys: false })
  return document.errors.length > 0 ? found : [...found, ...errorsOf(document.toJS({ maxAliasCount: -1 }))]
}

function errorsOf(data: unknown): string[] {
  if (validate(data)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** Faults of form that the compiler itself finds. */
async function structural(text: string): Promise<string[]> {
  const result = await compile({
    source: { text, file: 'config.yml' },
    pipelineValues: {},
    pipelineArgs: {},
    phase: 'initial',
    orbResolver: noOrbs,
    options: defaultCompileOptions,
  })
  const of = /^C(?:1|2|34|50[123]|51|520|57[03])/
  return result.diagnostics.filter(({ code, file }) => of.test(code) && file === 'config.yml').map(({ code }) => code)
}

test.skipIf(!hasCorpus)('real configs whose form the compiler accepts validate', async () => {
  const wrong: string[] = []
  let count = 0
  for (const { file, text } of [...corpusConfigs(), ...corpusContinuations()]) {
    if ((await structural(text)).length > 0) continue
    count++
    const found = faults(text)
    if (found.length > 0) wrong.push(`${file}: ${found.slice(0, 5).join('; ')}`)
  }

  expect(wrong).toEqual([])
  expect(count).toBeGreaterThan(120)
})

const docker = 'docker: [{image: x}]'
const job = (keys: string) => `version: 2.1\njobs: {build: {${docker}, steps: [checkout], ${keys}}}`
const place = (keys: string) => `version: 2.1\njobs: {build: {${keys}, steps: [checkout]}}`
const step = (text: string) => `version: 2.1\njobs: {build: {${docker}, steps: [${text}]}}`
const run = (keys: string) => step(`run: {command: x, ${keys}}`)
const entry = (text: string) =>
  `version: 2.1\njobs: {build: {${docker}, steps: [checkout]}}\nworkflows: {w: {jobs: [${text}]}}`
const workflow = (keys: string) => `version: 2.1\njobs: {}\nworkflows: {w: {jobs: [a], ${keys}}}`
const top = (text: string) => `version: 2.1\njobs: {build: {${docker}, steps: [checkout]}}\n${text}`
const parameter = (text: string) => job(`parameters: {p: ${text}}`)

describe('a fault of form is refused', () => {
  test.each([
    ['no version', 'jobs: {}'],
    ['an unknown version', 'version: 3\njobs: {}'],
    ['commands in version 2', 'version: 2\ncommands: {}\njobs: {}'],
    ['a dot in a job name', `version: 2.1\njobs: {a.b: {${docker}, steps: [checkout]}}`],
    ['an unknown key of a job', job('stepz: []')],
    ['a job without steps', `version: 2.1\njobs: {build: {${docker}}}`],
    ['a job without a place', 'version: 2.1\njobs: {build: {steps: [checkout]}}'],
    ['two places', job('machine: true')],
    ['docker as a map', place('docker: {image: x}')],
    ['no image', place('docker: [{name: db}]')],
    ['no container', place('docker: []')],
    ['half of a login', place('docker: [{image: x, auth: {username: u}}]')],
    ['half of a key pair', place('docker: [{image: x, aws_auth: {aws_access_key_id: a}}]')],
    ['macos without xcode', place('macos: {}')],
    ['an executor without name', place('executor: {tag: x}')],
    ['text for parallelism', job('parallelism: "4"')],
    ['parallelism of none', job('parallelism: 0')],
    ['a list in environment', job('environment: {A: [1]}')],
    ['retention of hours', job('retention: {caches: 12h}')],
    ['a job of unknown type', 'version: 2.1\njobs: {j: {type: test}}'],
    ['a release without plan', 'version: 2.1\njobs: {j: {type: release}}'],
    ['two keys of a step', step('{run: x, checkout: {}}')],
    ['a list as a step', step('[checkout]')],
    ['run without command', step('run: {name: x}')],
    ['save_cache without paths', step('save_cache: {key: k}')],
    ['restore_cache without key', step('restore_cache: {name: x}')],
    ['store_artifacts without a value', step('store_artifacts:')],
    ['an unknown word for when', run('when: never')],
    ['text for background', run('background: "maybe"')],
    ['a timeout in words', run('no_output_timeout: 20 minutes')],
    ['six reruns', run('max_auto_reruns: 6')],
    ['a delay of an hour', run('max_auto_reruns: 1, auto_rerun_delay: 1h')],
    ['reruns of a checkout', step('checkout: {max_auto_reruns: 1}')],
    ['a condition without steps', step('when: {condition: true}')],
    ['a scalar for a command', step('greet: 5')],
    ['two operators', step('when: {condition: {not: true, and: [true]}, steps: []}')],
    ['no argument', step('when: {condition: {and: []}, steps: []}')],
    ['not of a list', step('when: {condition: {not: [true]}, steps: []}')],
    ['matches without value', step('when: {condition: {matches: {pattern: x}}, steps: []}')],
    ['a list as a condition', step('when: {condition: [true], steps: []}')],
    ['a command without steps', top('commands: {c: {}}')],
    ['an executor with steps as a parameter', top(`executors: {e: {${docker}, parameters: {p: {type: steps}}}}`)],
    ['windows', top('executors: {w: {windows: {}}}')],
    ['a parameter without type', parameter('{default: x}')],
    ['a parameter of unknown type', parameter('{type: number}')],
    ['an enum without members', parameter('{type: enum}')],
    ['members of a string', parameter('{type: string, enum: [a]}')],
    ['an unknown key of a parameter', parameter('{type: string, required: true}')],
    ['a reserved name of a parameter', job('parameters: {matrix: {type: string}}')],
    ['a pipeline parameter without default', top('parameters: {p: {type: string}}')],
    ['a pipeline parameter of type steps', top('parameters: {p: {type: steps, default: []}}')],
    ['workflows as a list', top('workflows: [build]')],
    ['a workflow without jobs', top('workflows: {w: {when: true}}')],
    ['a workflow with no jobs', top('workflows: {w: {jobs: []}}')],
    ['when and unless', workflow('when: true, unless: true')],
    ['condition in a workflow', workflow('when: {condition: true}')],
    ['serial-group of a workflow', workflow('serial-group: k')],
    ['an unknown trigger', workflow('triggers: [{push: {}}]')],
    ['a schedule without branches', workflow('triggers: [{schedule: {cron: "0 0 * * *", filters: {}}}]')],
    ['two keys of an entry', entry('{build: {}, requires: [a]}')],
    ['a type in a workflow', entry('build: {type: build}')],
    ['an unknown status', entry('build: {requires: [{a: done}]}')],
    ['terminal in a list', entry('build: {requires: [{a: [terminal]}]}')],
    ['an unknown filter', entry('build: {filters: {branch: {only: x}}}')],
    ['a matrix without parameters', entry('build: {matrix: {alias: x}}')],
    ['a matrix value that is no list', entry('build: {matrix: {parameters: {v: "1"}}}')],
    ['a key of a job group', top('job-groups: {g: {jobs: [build], parameters: {}}}')],
    ['workflows in an orb', top('orbs: {o: {workflows: {w: {jobs: [a]}}}}')],
    ['an orb alias in capitals', top('orbs: {O: a/b@1}')],
  ])('%s', (_, text) => {
    expect(errorsOf(parseDocument(text).toJS())).not.toEqual([])
  })
})

test('the bases of these faults are accepted', () => {
  const fine = [
    job('parallelism: 1'),
    run('when: always'),
    entry('build'),
    workflow('when: true'),
    top('orbs: {o: a/b@1}'),
  ]
  const templates = job('parallelism: << parameters.p >>, parameters: {p: {type: integer, default: 2}}')

  expect([...fine, parameter('{type: string}'), templates].flatMap(faults)).toEqual([])
})

test('every key has a description', () => {
  const bare: string[] = []
  const walk = (schema: JsonSchema, path: string): void => {
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      const named = value !== false && (value.description ?? value.allOf) === undefined
      // A key that a rule only requires, refuses or narrows is described where the rule describes the whole.
      if (named && Object.keys(value).length > 0 && schema.additionalProperties !== undefined)
        bare.push(`${path}/${key}`)
      if (value !== false) walk(value, `${path}/${key}`)
    }
    for (const part of [
      schema.items,
      schema.additionalProperties,
      schema.else,
      ...(schema.anyOf ?? []),
      ...(schema.allOf ?? []),
    ]) {
      if (typeof part === 'object') walk(part, path)
    }
  }
  const { definitions = {}, ...rest } = configSchema()
  walk(rest, '')
  for (const [name, schema] of Object.entries(definitions)) walk(schema, name)

  expect(bare).toEqual([])
})
