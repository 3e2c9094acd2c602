import { describe } from 'vitest'
import { onBranch } from '../testing/compile.ts'
import { commands, faultCases, runs, valueCases, withCondition, withParameters, withSteps } from './harness.ts'

const nested = (depth: number) => `${'{not: '.repeat(depth)}true${'}'.repeat(depth)}`
const condition = (text: string) => withSteps(`- when: {condition: ${text}, steps: [{run: taken}]}\n- checkout`)

describe('logic statements: faults', () => {
  faultCases([
    { name: '112 equal without arguments', config: withCondition('when: {equal: []}'), gives: ['C341'] },
    { name: '113 and without arguments', config: withCondition('when: {and: []}'), gives: ['C341'] },
    { name: '114 not of a list', config: withCondition('when: {not: [true]}'), gives: ['C342'] },
    { name: '114 and of a boolean', config: withCondition('when: {and: true}'), gives: ['C342'] },
    {
      name: '115 two operators',
      config: withCondition('when: {not: , equal: [a, b]}'),
      gives: ['C340'],
      says: ['not, equal'],
    },
    { name: '116 nested 101 deep', config: withCondition(`when: ${nested(101)}`), gives: ['C343'] },
    { name: '120 a list as a condition', config: condition('[true]'), gives: ['C344'] },
    { name: 'a list as when', config: withCondition('when: [true]'), gives: ['C344'] },
    {
      name: '127 matches without value',
      config: withCondition('when: {matches: {pattern: "x"}}'),
      gives: ['C203'],
      says: ['value'],
    },
    {
      name: 'matches with an unknown key',
      config: withCondition('when: {matches: {pattern: x, value: x, flags: i}}'),
      gives: ['C201'],
    },
    {
      name: 'matches with a bad pattern',
      config: withCondition('when: {matches: {pattern: "(", value: x}}'),
      gives: ['C304'],
    },
    {
      name: '128 condition in a workflow',
      config: withCondition('when: {condition: {equal: [a, a]}}'),
      gives: ['C345'],
    },
    {
      name: 'a misspelt operator',
      config: withCondition('when: {equals: [a, a]}'),
      gives: ['C340'],
      says: ['"equal"'],
    },
  ])
})

describe('logic statements: values', () => {
  const workflow: [string, string, boolean, string?][] = [
    ['112', '{equal: }', false],
    ['116', nested(100), true],
    ['121', '{equal: [main, << pipeline.git.branch >>]}', true],
    ['121', '{equal: [main, << pipeline.git.branch >>]}', false, 'Main'],
    ['122', '{equal: [42, << pipeline.number >>]}', true],
    ['122', '{equal: ["42", << pipeline.number >>]}', false],
    ['123', '{equal: ["", << pipeline.git.tag >>]}', true],
    ['124', '{equal: [true, {not: false}]}', true],
    ['125', '{matches: {pattern: "^feature-", value: feature-x}}', false],
    ['125', '{matches: {pattern: "^feature-.+$", value: feature-x}}', true],
    ['126', '{matches: {pattern: ".*", value: << pipeline.git.tag >>}}', false],
    [
      '131',
      '{or: [{equal: [main, << pipeline.git.branch >>]}, {equal: [staging, << pipeline.git.branch >>]}]}',
      true,
      'staging',
    ],
    [
      '131',
      '{or: [{equal: [main, << pipeline.git.branch >>]}, {equal: [staging, << pipeline.git.branch >>]}]}',
      false,
      'dev',
    ],
    ['', '{and: [true, {or: [false, 1]}]}', true],
    ['', '{equal: [{a: [1]}, {a: [1]}]}', true],
  ]
  valueCases([
    ...workflow.map(([number, statement, is, branch = 'main']) => ({
      name: `${number} ${statement.slice(0, 70)} on ${branch}`,
      values: onBranch(branch),
      config: withCondition(`when: ${statement}`),
      see: runs,
      is,
    })),
    ...(['main', 'staging', 'dev'] as const).map((branch) => ({
      name: `131 the same as an expression on ${branch}`,
      values: onBranch(branch),
      config: withCondition('when: pipeline.git.branch == "main" or pipeline.git.branch == "staging"'),
      see: runs,
      is: branch !== 'dev',
    })),
    ...['"false"', '12'].map((value) => ({
      name: `117, 119 condition ${value}`,
      config: condition(value),
      see: commands,
      is: ['taken', 'checkout'],
    })),
    ...['0', '""', '.nan'].map((value) => ({
      name: `119 condition ${value}`,
      config: condition(value),
      see: commands,
      is: ['checkout'],
    })),
    { name: '119 condition null', config: condition('null'), see: commands, is: ['checkout'], gives: ['W911'] },
    {
      name: '118 templates inside text',
      config: withParameters(
        '{a: {type: boolean, default: false}}',
        '{}',
        '- when: {condition: << parameters.a >> or << parameters.a >>, steps: [{run: taken}]}',
      ),
      see: commands,
      is: ['taken'],
      gives: ['W910'],
    },
    ...['{}', '{exec: {name: linux}}'].map((args, index) => ({
      name: `129 an executor compared as ${args}`,
      config: withParameters(
        '{exec: {type: executor, default: linux}}',
        args,
        '- when: {condition: {equal: [linux, << parameters.exec >>]}, steps: [{run: taken}]}\n- checkout',
      ),
      see: commands,
      is: index === 0 ? ['taken', 'checkout'] : ['checkout'],
    })),
    {
      name: '130 an empty list of steps is truthy',
      config: withParameters(
        '{extra: {type: steps, default: []}}',
        '{}',
        '- when: {condition: << parameters.extra >>, steps: [{run: taken}]}',
      ),
      see: commands,
      is: ['taken'],
    },
    {
      name: 'unless',
      config: withCondition('unless: {equal: [main, << pipeline.git.branch >>]}'),
      see: runs,
      is: false,
    },
    {
      name: 'an operator of no known kind is truthy',
      config: withCondition('when: {and: [true, {when: always}]}'),
      see: runs,
      is: true,
      gives: ['W921'],
    },
  ])
})
