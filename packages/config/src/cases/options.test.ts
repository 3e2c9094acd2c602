import { describe, expect, test } from 'vitest'
import { compileText } from '../testing/compile.ts'
import { B, commands, faultCases, firstStep, names, spec, valueCases, withCondition, withSteps } from './harness.ts'

const docker = 'docker: [{image: x}]'
const old = (rest: string) => `version: 2\n${rest}`
const linear = { regexDialect: 'linear' } as const
const warn = { unknownKeys: 'warn' } as const
const as21 = { v2Dialect: 'as-2.1' } as const
const branches = (only: string) =>
  `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [{build: {filters: {branches: {only: "${only}"}}}}]}}`

describe('unknownKeys', () => {
  const places: [string, string][] = [
    ['a job', `version: 2.1\njobs: {build: {${docker}, steps: [checkout], foo: 1}}`],
    ['an executor', `version: 2.1\nexecutors: {e: {${docker}, foo: 1}}\njobs: {build: ${B}}`],
    ['a container', 'version: 2.1\njobs: {build: {docker: [{image: x, foo: 1}], steps: [checkout]}}'],
    [
      'a login',
      'version: 2.1\njobs: {build: {docker: [{image: x, auth: {username: u, password: p, foo: 1}}], steps: [checkout]}}',
    ],
    ['a virtual machine', 'version: 2.1\njobs: {build: {machine: {image: x, foo: 1}, steps: [checkout]}}'],
    ['a command', withSteps('- checkout', 'commands: {c: {steps: [checkout], foo: 1}}\n')],
    [
      'a declaration',
      withSteps('- checkout', 'commands: {c: {parameters: {p: {type: string, foo: 1}}, steps: [checkout]}}\n'),
    ],
    ['a pipeline parameter', withSteps('- checkout', 'parameters: {p: {type: string, default: x, foo: 1}}\n')],
    ['a filter', `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [{build: {filters: {foo: {only: x}}}}]}}`],
    [
      'a matrix',
      `version: 2.1\njobs: {build: {parameters: {v: {type: string}}, ${docker}, steps: [checkout]}}\nworkflows: {w: {jobs: [{build: {matrix: {parameters: {v: [a]}, foo: 1}}}]}}`,
    ],
    ['matches', withCondition('when: {matches: {pattern: x, value: x, foo: 1}}')],
    ['retention', `version: 2.1\njobs: {build: {${docker}, steps: [checkout], retention: {foo: 1}}}`],
  ]
  faultCases(
    places.map(([place, config]) => ({ name: `an unknown key of ${place}`, config, gives: ['C201'], says: ['foo'] })),
  )
  faultCases(
    places.map(([place, config]) => ({
      name: `an unknown key of ${place} as a warning`,
      options: warn,
      config,
      gives: ['W921'],
    })),
  )
})

describe('v2Dialect', () => {
  faultCases([
    {
      name: 'legacy: unknown keys are ignored',
      config: old(`jobs: {build: {${docker}, steps: [checkout], foo: 1}}`),
      gives: ['W921'],
    },
    {
      name: 'as 2.1: unknown keys',
      options: as21,
      config: old(`jobs: {build: {${docker}, steps: [checkout], foo: 1}}`),
      gives: ['C201'],
    },
    {
      name: 'as 2.1: a job name outside the pattern',
      options: as21,
      config: old(`jobs: {a.b: ${B}}\nworkflows: {version: 2, w: {jobs: [a.b]}}`),
      gives: ['C120'],
    },
    {
      name: 'as 2.1: old step names',
      options: as21,
      config: old(`jobs: {build: {${docker}, steps: [{shell: {command: x}}]}}`),
      gives: ['C405'],
    },
    {
      name: 'as 2.1: a filter of unknown shape',
      options: as21,
      config: old(`jobs: {build: ${B}}\nworkflows: {version: 2, w: {jobs: [{build: {filters: {branch: {only: x}}}}]}}`),
      gives: ['C201'],
    },
    {
      name: 'as 2.1: branches of a job',
      options: as21,
      config: old(`jobs: {build: {${docker}, steps: [checkout], branches: {only: x}}}`),
      gives: ['W924'],
    },
    ...['orbs', 'executors', 'commands', 'parameters', 'job-groups', 'setup'].map((key) => ({
      name: `legacy: ${key}`,
      config: old(`${key}: ${key === 'setup' ? 'true' : '{}'}\njobs: {build: ${B}}`),
      gives: ['C111 2:1'],
    })),
    {
      name: 'legacy: parameters of a job',
      config: old(`jobs: {build: {parameters: {}, ${docker}, steps: [checkout]}}`),
      gives: ['C111'],
    },
    {
      name: 'legacy: a conditional step',
      config: old(`jobs: {build: {${docker}, steps: [{when: {condition: true, steps: [checkout]}}]}}`),
      gives: ['C111'],
    },
    ...[
      'matrix: {parameters: {v: [a]}}',
      'pre-steps: [checkout]',
      'post-steps: [checkout]',
      'serial-group: k',
      'override-with: o/j',
    ].map((key) => ({
      name: `legacy: ${key}`,
      config: old(`jobs: {build: ${B}}\nworkflows: {version: 2, w: {jobs: [{build: {${key}}}]}}`),
      gives: ['C111'],
    })),
  ])
  valueCases([
    {
      name: 'legacy: any job name',
      config: old(`jobs: {"a.b/c": ${B}}\nworkflows: {version: 2, w: {jobs: ["a.b/c"]}}`),
      see: names,
      is: ['a.b/c'],
    },
    {
      name: 'as 2.1: workflows without version, with a condition',
      options: as21,
      config: old(`jobs: {build: ${B}}\nworkflows: {w: {when: true, jobs: [build]}}`),
      see: names,
      is: ['build'],
    },
    {
      name: 'as 2.1: commands and templates',
      options: as21,
      config: old(
        `commands: {c: {parameters: {s: {type: string}}, steps: [{run: "a << parameters.s >>"}]}}\njobs: {build: {${docker}, steps: [{c: {s: x}}]}}`,
      ),
      see: commands,
      is: ['a x'],
    },
  ])
})

describe('regexDialect', () => {
  faultCases([
    { name: 'linear: lookahead in a filter', options: linear, config: branches('/(?!x).*/'), gives: ['C304'] },
    { name: 'linear: a long filter', options: linear, config: branches(`/${'a'.repeat(129)}/`), gives: ['C304'] },
    {
      name: 'linear: lookahead in a logic statement',
      options: linear,
      config: withCondition('when: {matches: {pattern: "(?!x).*", value: x}}'),
      gives: ['C304'],
    },
    {
      name: 'a bad pattern that evaluation would not reach',
      config: withCondition('when: true or pipeline.git.branch matches /(/'),
      gives: ['C304'],
    },
  ])
  valueCases([
    { name: 'permissive: lookahead in a filter', config: branches('/(?!x).*/'), see: names, is: ['build'] },
    {
      name: 'linear: 128 characters',
      options: linear,
      config: branches(`/${'m?'.repeat(62)}main/`),
      see: names,
      is: ['build'],
    },
  ])
})

describe('numericEnv', () => {
  const environment = '{A: 999999, B: 1000000, C: 12345678, D: -1234567, E: 1.5, F: "1234567", G: 100000000000}'
  const decimal = { A: '999999', B: '1000000', C: '12345678', D: '-1234567', E: '1.5', F: '1234567', G: '100000000000' }
  const exponential = { ...decimal, B: '1e+06', C: '1.2345678e+07', D: '-1.234567e+06', G: '1e+11' }
  const everywhere = `version: 2.1\nexecutors: {e: {docker: [{image: x, environment: ${environment}}], environment: ${environment}}}\njobs: {build: {executor: e, steps: [{run: {command: c, environment: ${environment}}}]}}`

  test.each([
    ['decimal', decimal],
    ['exponential', exponential],
  ] as const)('%s, at every level', async (numericEnv, is) => {
    const result = await compileText(everywhere, { options: { numericEnv } })
    const { executor, environment: job } = spec(result)

    expect(job).toEqual(is)
    expect(firstStep(result).environment).toEqual(is)
    expect(executor).toMatchObject({ images: [{ environment: is }] })
  })
})

describe('undeclaredPipelineParams', () => {
  const nothing = { undeclaredPipelineParams: 'null' } as const
  const inOrb = `version: 2.1\nparameters: {p: {type: string, default: x}}\norbs: {o: {commands: {c: {steps: [{run: "a << pipeline.parameters.p >>b"}]}}}}\njobs: {build: {${docker}, steps: [o/c]}}`

  faultCases([
    { name: 'in an expression', config: withCondition('when: pipeline.parameters.nope == "x"'), gives: ['C321'] },
    {
      name: 'in an expression that would not be reached',
      config: withCondition('when: true or pipeline.parameters.nope'),
      gives: ['C321'],
    },
    {
      name: 'in a filter',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [{build: {filters: not pipeline.parameters.nope}}]}}`,
      gives: ['C321'],
    },
  ])
  valueCases([
    { name: 'null in an orb', options: nothing, config: inOrb, see: commands, is: ['a b'], gives: ['W902'] },
    {
      name: 'null in an expression',
      options: nothing,
      config: withCondition('when: not pipeline.parameters.nope'),
      see: names,
      is: ['build'],
      gives: ['W902'],
    },
  ])
})
