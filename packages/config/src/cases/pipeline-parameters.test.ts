import { describe } from 'vitest'
import { onBranch } from '../testing/compile.ts'
import {
  B,
  commands,
  faultCases,
  firstStep,
  runs,
  valueCases,
  withCondition,
  withParameters,
  withSteps,
} from './harness.ts'

const parameters = (block: string) => `parameters: ${block}\n`
const build = `jobs: {build: ${B}}\n`

describe('pipeline parameters', () => {
  faultCases([
    {
      name: '63 undeclared',
      config: withSteps('- run: << pipeline.parameters.nope >>'),
      gives: ['C321'],
      says: ['Referred to a variable "pipeline.parameters.nope" that does not exist'],
    },
    {
      name: '64 a pipeline parameter inside an orb',
      config: `version: 2.1\nparameters: {declared: {type: string, default: x}}\norbs: {o: {commands: {c: {steps: [{run: << pipeline.parameters.declared >>}]}}}}\njobs: {build: {docker: [{image: x}], steps: [o/c]}}`,
      gives: ['C321'],
    },
    {
      name: '68 undeclared argument',
      args: { foo: 1 },
      config: `version: 2.1\n${build}`,
      gives: ['C331'],
      says: ['Unexpected argument(s): foo'],
    },
    {
      name: '69 text for a boolean',
      args: { b: 'true' },
      config: `version: 2.1\n${parameters('{b: {type: boolean, default: false}}')}${build}`,
      gives: ['C362'],
    },
    {
      name: '70 text for an integer',
      args: { i: '1' },
      config: `version: 2.1\n${parameters('{i: {type: integer, default: 0}}')}${build}`,
      gives: ['C362'],
    },
    {
      name: '71 type steps',
      config: `version: 2.1\n${parameters('{s: {type: steps, default: []}}')}${build}`,
      gives: ['C330'],
    },
    { name: '71 no default', config: `version: 2.1\n${parameters('{s: {type: string}}')}${build}`, gives: ['C330'] },
    {
      name: '72 an extra key',
      config: `version: 2.1\n${parameters('{s: {type: string, default: x, required: true}}')}${build}`,
      gives: ['C201'],
    },
    {
      name: '73 not a member',
      args: { e: 'c' },
      config: `version: 2.1\n${parameters('{e: {type: enum, enum: [a, b], default: a}}')}${build}`,
      gives: ['C362'],
      says: ['a, b'],
    },
    {
      name: '74 too many arguments',
      args: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`p${i}`, 1])),
      config: `version: 2.1\n${parameters(`{${Array.from({ length: 101 }, (_, i) => `p${i}: {type: integer, default: 0}`).join(', ')}}`)}${build}`,
      gives: ['C332'],
    },
    {
      name: '74 a long value',
      args: { s: 'x'.repeat(513) },
      config: `version: 2.1\n${parameters('{s: {type: string, default: x}}')}${build}`,
      gives: ['C332'],
    },
    {
      name: '76 an odd name in an expression',
      config: withCondition(
        'when: pipeline.parameters.odd name == "x"',
        parameters('{odd name: {type: string, default: x}}'),
      ),
      gives: ['C301'],
    },
    {
      name: '77 an integer value to a string parameter',
      config: withParameters('{s: {type: string}}', '{s: << pipeline.number >>}', '- checkout'),
      gives: ['C362'],
    },
    {
      name: 'a default of the wrong type',
      config: `version: 2.1\n${parameters('{s: {type: string, default: 1}}')}${build}`,
      gives: ['C352'],
    },
    {
      name: 'a declaration without type',
      config: `version: 2.1\n${parameters('{s: {default: x}}')}${build}`,
      gives: ['C203'],
    },
  ])

  valueCases([
    {
      name: '63 undeclared read as null',
      options: { undeclaredPipelineParams: 'null' },
      config: withSteps(
        '- run: {command: "a << pipeline.parameters.nope >>b", environment: {N: << pipeline.parameters.nope >>}}',
      ),
      see: (r) => [commands(r), firstStep(r).environment],
      is: [['a b'], { N: '<nil>' }],
      gives: ['W902', 'W902'],
    },
    {
      name: '67 a template in a default is text',
      config: withSteps(
        '- run: a << pipeline.parameters.a >>',
        parameters('{b: {type: string, default: x}, a: {type: string, default: "<< pipeline.parameters.b >>"}}'),
      ),
      see: commands,
      is: ['a << pipeline.parameters.b >>'],
      gives: ['W903'],
    },
    {
      name: '65 a pipeline value inside an orb',
      config: `version: 2.1\norbs: {o: {commands: {c: {steps: [{run: "n << pipeline.number >>"}]}}}}\njobs: {build: {docker: [{image: x}], steps: [o/c]}}`,
      see: commands,
      is: ['n 42'],
    },
    {
      name: '66 a pipeline parameter in a default',
      config: withSteps(
        '- c',
        `${parameters('{image: {type: string, default: i}}')}commands: {c: {parameters: {x: {type: string, default: << pipeline.parameters.image >>}}, steps: [{run: "r << parameters.x >>"}]}}\n`,
      ),
      see: commands,
      is: ['r i'],
    },
    {
      name: '75 a name with dot and dash',
      config: withCondition(
        'when: pipeline.parameters.my.param-1 == "x"',
        parameters('{my.param-1: {type: string, default: x}}'),
      ),
      see: runs,
      is: true,
    },
    {
      name: '76 an odd name as a plain reference',
      config: withSteps(
        '- run: a << pipeline.parameters.odd name >>',
        parameters('{odd name: {type: string, default: x}}'),
      ),
      see: commands,
      is: ['a x'],
    },
    {
      name: '77 an integer value to an integer parameter',
      config: withParameters('{n: {type: integer}}', '{n: << pipeline.number >>}', '- run: a << parameters.n >>'),
      see: commands,
      is: ['a 42'],
    },
    {
      name: '79 the default branch',
      config: withCondition('when: pipeline.git.branch.is_default'),
      see: runs,
      is: true,
    },
    {
      name: '79 another branch',
      values: onBranch('dev'),
      config: withCondition('when: pipeline.git.branch.is_default'),
      see: runs,
      is: false,
    },
    {
      name: 'an argument over a default of the wrong type',
      args: { s: '3' },
      config: withSteps('- run: a << pipeline.parameters.s >>', parameters('{s: {type: string, default: 3}}')),
      see: commands,
      is: ['a 3'],
    },
    {
      name: 'an argument over the default',
      args: { s: 'given' },
      config: withSteps('- run: a << pipeline.parameters.s >>', parameters('{s: {type: string, default: x}}')),
      see: commands,
      is: ['a given'],
    },
  ])
})
