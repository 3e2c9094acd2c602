import { describe } from 'vitest'
import type { CompileInput } from '../compile-types.ts'
import { type FaultCase, faultCases } from './harness.ts'

const place = 'docker: [{image: x}]'
const job = (steps: string, more = '') => `version: 2.1\n${more}jobs: {build: {${place}, steps: ${steps}}}\n`
const flow = (entries: string, jobs = `build: {${place}, steps: [checkout]}`, more = '') =>
  `version: 2.1\n${more}jobs: {${jobs}}\nworkflows: {w: {jobs: ${entries}}}\n`
const greet = `commands: {greet: {parameters: {to: {type: string}}, steps: [run: "hi << parameters.to >>"]}}\n`
const faulty = `commands: {c: {parameters: {p: {type: strin, default: 1, enum: [a, a]}}, steps: [run: << parameters.p >>]}}\n`
const unresolved: CompileInput['orbResolver'] = { resolve: async () => ({ ok: false, reason: 'not here' }) }
const brokenOrb: CompileInput['orbResolver'] = {
  resolve: async (reference) => ({ ok: true, resolved: reference, digest: '', text: 'version: 2.1\ncommands: [\n' }),
}

/** Two things are wrong, and one of them only because of the other: one diagnostic (spec: config-language.md 24.1, rule 5). */
const cases: FaultCase[] = [
  { name: 'an unknown job and its arguments', config: flow('[nope: {a: 1, b: 2}]'), gives: ['C406'] },
  { name: 'an unknown job and its matrix', config: flow('[nope: {matrix: {parameters: {v: [1]}}}]'), gives: ['C406'] },
  {
    name: 'an unknown job and jobs that require it',
    config: flow('[nope, build: {requires: [nope]}]'),
    gives: ['C406'],
  },
  // The heredoc of a beginner.
  { name: 'a faulty command of run', config: job('[run: {command: "cat <<EOF"}]'), gives: ['C310'] },
  { name: 'a faulty key of restore_cache', config: job('[restore_cache: {key: "a << b"}]'), gives: ['C310'] },
  { name: 'an unknown command and its arguments', config: job('[nope: {a: 1}]'), gives: ['C405'] },
  { name: 'an unknown command and an argument that is no map', config: job('[nope: 1]'), gives: ['C405'] },
  {
    name: 'an unknown command in an argument',
    config: job(
      '[c: {s: [nope: {a: 1}]}]',
      'commands: {c: {parameters: {s: {type: steps}}, steps: [steps: << parameters.s >>]}}\n',
    ),
    gives: ['C405'],
  },
  {
    name: 'an unknown executor and its arguments',
    config: `version: 2.1\njobs: {build: {executor: {name: nope, a: 1}, steps: [checkout]}}\n`,
    gives: ['C404'],
  },
  {
    name: 'an unknown executor and a job without any other place',
    config: `version: 2.1\njobs: {build: {executor: nope, steps: [checkout]}}\n`,
    gives: ['C404'],
  },
  { name: 'an unknown orb alias and its command', config: job('[o/c: {a: 1}]'), gives: ['C401'] },
  {
    name: 'an unknown orb and its commands, jobs and executors',
    config: `version: 2.1\norbs: {o: acme/bee@1.0.0}\njobs: {build: {executor: o/e, steps: [o/c: {a: 1}]}}\nworkflows: {w: {jobs: [build, o/j: {a: 1}]}}\n`,
    orbs: unresolved,
    gives: ['C421'],
  },
  {
    name: 'an orb that is no YAML and its commands',
    config: job('[o/c]', 'orbs: {o: acme/bee@1.0.0}\n'),
    orbs: brokenOrb,
    gives: ['C100'],
  },
  { name: 'an invalid orb reference and its commands', config: job('[o/c]', 'orbs: {o: a/b}\n'), gives: ['C420'] },
  { name: 'a missing argument and its use', config: job('[greet]', greet), gives: ['C361'] },
  {
    name: 'a misspelt argument, which is missing then',
    config: job('[greet: {too: x}]', greet),
    gives: ['C360'],
  },
  { name: 'an argument of a wrong type and its use', config: job('[greet: {to: [x]}]', greet), gives: ['C362'] },
  {
    name: 'a faulty template as an argument',
    config: job('[greet: {to: << parameters.x >>}]', greet),
    gives: ['C320'],
  },
  { name: 'an unknown parameter type, its default, its enum and its use', config: job('[c]', faulty), gives: ['C350'] },
  {
    name: 'a default of a wrong type and its use',
    config: job(
      '[c]',
      'commands: {c: {parameters: {p: {type: integer, default: x}}, steps: [run: << parameters.p >>]}}\n',
    ),
    gives: ['C352'],
  },
  {
    name: 'a pipeline parameter of an unknown type and its use',
    config: job('[run: << pipeline.parameters.p >>]', 'parameters: {p: {type: bool, default: true}}\n'),
    gives: ['C330'],
  },
  {
    name: 'steps under another name',
    config: `version: 2.1\njobs: {build: {${place}, step: [checkout]}}\n`,
    gives: ['C201'],
  },
  {
    name: 'docker under another name',
    config: 'version: 2.1\njobs: {build: {dokcer: [{image: x}], steps: [checkout]}}\n',
    gives: ['C201'],
  },
  {
    name: 'a misspelt image',
    config: 'version: 2.1\njobs: {build: {docker: [{imge: x}], steps: [checkout]}}\n',
    gives: ['C201'],
  },
  { name: 'a misspelt command', config: job('[run: {comand: x}]'), gives: ['C225'] },
  { name: 'misspelt paths', config: job('[save_cache: {key: k, path: [x]}]'), gives: ['C203'] },
  {
    name: 'a misspelt key of a workflow',
    config: `version: 2.1\njobs: {build: {${place}, steps: [checkout]}}\nworkflows: {w: {job: [build]}}\n`,
    gives: ['C203'],
  },
  {
    name: 'a matrix of no lists and the parameters that it would give',
    config: flow(
      '[t: {matrix: {parameters: {v: 1}}}]',
      `t: {parameters: {v: {type: string}}, ${place}, steps: [run: << parameters.v >>]}`,
    ),
    gives: ['C560'],
  },
  {
    name: 'a faulty job and those that require it',
    config: flow(
      '[t: {v: [1]}, build: {requires: [t]}]',
      `build: {${place}, steps: [checkout]}, t: {parameters: {v: {type: string}}, ${place}, steps: [checkout]}`,
    ),
    gives: ['C362'],
  },
  {
    name: 'an undefined anchor and the job that it would be',
    config: 'version: 2.1\njobs: {build: *nope}\n',
    gives: ['C103'],
  },
  {
    name: 'a duplicate job and its use',
    config: `version: 2.1\njobs:\n  build: {${place}, steps: [checkout]}\n  build: {${place}, steps: [nope]}\n`,
    gives: ['C104'],
  },
  {
    name: 'jobs that are no map and their use',
    config: 'version: 2.1\njobs: []\nworkflows: {w: {jobs: [build]}}\n',
    gives: ['C202'],
  },
  { name: 'commands that are no map and their use', config: job('[c]', 'commands: [c]\n'), gives: ['C202'] },
  {
    name: 'a job that is no map and its use',
    config: 'version: 2.1\njobs: {build: [checkout]}\nworkflows: {w: {jobs: [build: {a: 1}]}}\n',
    gives: ['C202'],
  },
  {
    name: 'a wrong version and the keys that it would allow',
    config: `version: 2.2\norbs: {o: a/b}\njobs: {build: {steps: [nope]}}\n`,
    gives: ['C110'],
  },
  {
    name: 'a faulty condition and the steps below',
    config: job('[when: {condition: {equals: [a, b]}, steps: [checkout]}]'),
    gives: ['C340'],
  },
  {
    name: 'an executor with a faulty place',
    config: 'version: 2.1\nexecutors: {e: {docker: x}}\njobs: {build: {executor: e, steps: [checkout]}}\n',
    gives: ['C202'],
  },
  {
    name: 'a serial group of a job that is not there',
    config: flow('[nope: {serial-group: "<< pipeline.nope >>"}]'),
    gives: ['C406'],
  },
]

describe('consequences are not told', () => faultCases(cases))
