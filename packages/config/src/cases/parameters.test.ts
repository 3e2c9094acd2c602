import { describe } from 'vitest'
import { B, commands, faultCases, firstStep, names, spec, valueCases, withParameters, withSteps } from './harness.ts'

const build = `jobs: {build: ${B}}\n`

describe('element parameters', () => {
  const str = '{s: {type: string}}'
  const bool = '{b: {type: boolean}}'
  const unused = (declaration: string) =>
    `version: 2.1\ncommands: {c: {parameters: {p: ${declaration}}, steps: [checkout]}}\n${build}`

  faultCases([
    {
      name: '132 an integer for a string',
      config: withParameters(str, '{s: 60}', '- checkout'),
      gives: ['C362'],
      says: ['expected type: string, actual value: "60" (type integer)', 'quote the value: "60"'],
    },
    { name: '133 a boolean word for a string', config: withParameters(str, '{s: yes}', '- checkout'), gives: ['C362'] },
    {
      name: '134 a float for a string',
      config: withParameters(str, '{s: 1.10}', '- checkout'),
      gives: ['C362'],
      says: ['1.10'],
    },
    {
      name: '135 a quoted word for a boolean',
      config: withParameters(bool, '{b: "on"}', '- checkout'),
      gives: ['C362'],
    },
    {
      name: '136 a default that is no member, never called',
      config: unused('{type: enum, enum: [darwin, linux], default: windows}'),
      gives: ['C352'],
    },
    { name: '137 enum without members', config: unused('{type: enum, enum: []}'), gives: ['C351'] },
    { name: '137 enum on a string', config: unused('{type: string, enum: [a]}'), gives: ['C351'] },
    {
      name: '138 a null default is none',
      config: withParameters('{s: {type: string, default: }}', '{}', '- checkout'),
      gives: ['C361'],
      says: ['s'],
    },
    {
      name: '140 an undeclared argument of an orb job',
      config:
        'version: 2.1\norbs: {o: {jobs: {j: {docker: [{image: x}], steps: [checkout]}}}}\nworkflows: {w: {jobs: [{o/j: {resource_class: large}}]}}',
      gives: ['C360'],
      says: ['Unexpected argument(s): resource_class'],
    },
    {
      name: '139 an undeclared argument of a command',
      config: withSteps('- c: {z: 1, a: 2}', 'commands: {c: {steps: [checkout]}}\n'),
      gives: ['C360'],
      says: ['Unexpected argument(s): a, z'],
    },
    {
      name: 'an undeclared argument of a job',
      config: withParameters(str, '{s: x, resource_class: large}', '- checkout'),
      gives: ['C360'],
      says: ['Unexpected argument(s): resource_class'],
    },
    {
      name: '142 an integer parameter passed on to a string',
      config: withParameters(
        '{n: {type: integer}}',
        '{n: 1}',
        '- c: {s: << parameters.n >>}',
        `commands: {c: {parameters: ${str}, steps: [checkout]}}\n`,
      ),
      gives: ['C362'],
    },
    ...['MY-VAR', '$MY_VAR'].map((value) => ({
      name: `143 ${value} as a variable name`,
      config: withParameters('{v: {type: env_var_name}}', `{v: ${value}}`, '- checkout'),
      gives: ['C362'],
    })),
    ...[
      'requires',
      'name',
      'matrix',
      'filters',
      'context',
      'type',
      'pre-steps',
      'post-steps',
      'serial-group',
      'override-with',
    ].map((name) => ({
      name: `145 job parameter ${name}`,
      config: `version: 2.1\njobs: {build: {parameters: {${name}: {type: string, default: x}}, docker: [{image: x}], steps: [checkout]}}`,
      gives: ['C354'],
    })),
    {
      name: '146 executor parameter of type steps',
      config: `version: 2.1\nexecutors: {e: {parameters: {s: {type: steps}}, docker: [{image: x}]}}\n${build}`,
      gives: ['C353'],
    },
    {
      name: '147 one step for steps',
      config: withParameters('{s: {type: steps}}', '{s: {run: x}}', '- checkout'),
      gives: ['C362'],
    },
    { name: '150 type number', config: unused('{type: number}'), gives: ['C350'], says: ['env_var_name'] },
    {
      name: 'an executor argument of no accepted form',
      config: withParameters('{e: {type: executor}}', '{e: {image: x}}', '- checkout'),
      gives: ['C411'],
    },
    {
      name: 'a parameter name that starts with a digit',
      config: `version: 2.1\ncommands: {c: {parameters: {1st: {type: string}}, steps: [checkout]}}\n${build}`,
      gives: ['C120'],
    },
  ])

  const small = (image: string) => `{small: {docker: [{image: ${image}}]}}`
  const orbJob = `version: 2.1\norbs:\n  o:\n    executors: ${small('orb')}\n    jobs: {j: {parameters: {exec: {type: executor, default: small}}, executor: << parameters.exec >>, steps: [checkout]}}\nexecutors: ${small('config')}\n`
  const image = (result: Parameters<typeof spec>[0]) => {
    const { executor } = spec(result)
    return executor.type === 'docker' ? executor.images[0]?.image : executor.type
  }

  valueCases([
    ...['"yes"', 'y', '"60"', '"1.10"'].map((value) => ({
      name: `133, 134 ${value} for a string`,
      config: withParameters(str, `{s: ${value}}`, '- run: a << parameters.s >>'),
      see: commands,
      is: [`a ${value.replaceAll('"', '')}`],
    })),
    {
      name: '135 on for a boolean',
      config: withParameters(bool, '{b: on}', '- run: a << parameters.b >>'),
      see: commands,
      is: ['a true'],
    },
    {
      name: '141 an enum passed on to a string',
      config: withParameters(
        '{e: {type: enum, enum: [a, b]}}',
        '{e: b}',
        '- c: {s: << parameters.e >>}',
        `commands: {c: {parameters: ${str}, steps: [{run: "r << parameters.s >>"}]}}\n`,
      ),
      see: commands,
      is: ['r b'],
    },
    {
      name: '142 an integer inside text passed on',
      config: withParameters(
        '{n: {type: integer}}',
        '{n: 1}',
        '- c: {s: "<< parameters.n >>s"}',
        `commands: {c: {parameters: ${str}, steps: [{run: "r << parameters.s >>"}]}}\n`,
      ),
      see: commands,
      is: ['r 1s'],
    },
    {
      name: '143, 144 a variable name, which is not expanded',
      config: withParameters('{v: {type: env_var_name}}', '{v: MY_VAR}', '- run: echo ${<< parameters.v >>}'),
      see: commands,
      is: ['echo ${MY_VAR}'],
    },
    {
      name: "148 the config's executor as an argument",
      config: `${orbJob}workflows: {w: {jobs: [{o/j: {exec: small}}]}}`,
      see: image,
      is: 'config',
    },
    {
      name: "148 the orb's executor as a default",
      config: `${orbJob}workflows: {w: {jobs: [o/j]}}`,
      see: image,
      is: 'orb',
    },
    {
      name: '149 a command in a steps argument is the caller’s',
      config: `version: 2.1\norbs: {o: {commands: {setup: {steps: [{run: orb}]}, wrap: {parameters: {s: {type: steps}}, steps: [setup, {steps: << parameters.s >>}]}}}}\ncommands: {setup: {steps: [{run: config}]}}\njobs: {build: {docker: [{image: x}], steps: [{o/wrap: {s: [setup]}}]}}`,
      see: commands,
      is: ['orb', 'config'],
    },
    {
      name: '151 an unused parameter',
      config: withParameters('{s: {type: string, default: x}}', '{}', '- checkout'),
      see: names,
      is: ['build'],
    },
    {
      name: '152 a null argument',
      config: withParameters('{s: {type: string, default: x}}', '{s: null}', '- run: a << parameters.s >>'),
      see: commands,
      is: ['a x'],
    },
    {
      name: 'the plan keeps a name given by parameter',
      config: withParameters(str, '{s: n}', '- run: {name: << parameters.s >>, command: c}'),
      see: (r) => firstStep(r).name,
      is: 'n',
    },
  ])
})
