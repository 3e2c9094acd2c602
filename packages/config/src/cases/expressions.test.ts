import { describe } from 'vitest'
import { onBranch, onTag, pushToMain } from '../testing/compile.ts'
import { B, faultCases, runs, valueCases, withCondition } from './harness.ts'

const quoted = (expression: string) => withCondition(`when: ${JSON.stringify(expression)}`, declared)
const declared = `parameters: {a: {type: boolean, default: true}, b: {type: boolean, default: false}, c: {type: boolean, default: false}, n: {type: integer, default: 1}, or: {type: string, default: x}}\n`
const filtered = (filters: string) =>
  `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [{build: {filters: ${JSON.stringify(filters)}}}]}}`

describe('expressions: faults', () => {
  faultCases([
    {
      name: '82 not binds tightest',
      config: quoted('not pipeline.git.branch starts-with "x"'),
      gives: ['C303'],
      says: ['not ('],
    },
    { name: '85 comparison of text', config: quoted('pipeline.git.branch >= 3'), gives: ['C303'] },
    { name: '87 starts-with on a number', config: quoted('pipeline.number starts-with "4"'), gives: ['C303'] },
    {
      name: '91 matches a string',
      config: quoted('pipeline.git.branch matches "^v.*"'),
      gives: ['C302'],
      says: ['/^v.*/'],
    },
    { name: '94 an undefined value', config: quoted('pipeline.event.github.pull_request.number > 5'), gives: ['C324'] },
    {
      name: '100 a function',
      config: quoted('contains(pipeline.git.branch, "x")'),
      gives: ['C301'],
      says: ['no functions'],
    },
    { name: '101 a single =', config: quoted('pipeline.git.branch = "main"'), gives: ['C301'], says: ['=='] },
    { name: '102 a negative number', config: quoted('pipeline.parameters.n > -1'), gives: ['C301'] },
    {
      name: '103 an end too early',
      config: withCondition('when: pipeline.git.branch == "a" and'),
      gives: ['C301 5:41'],
    },
    { name: '104 a word', config: quoted('main'), gives: ['C301'] },
    {
      name: '106 lookahead in linear mode',
      options: { regexDialect: 'linear' },
      config: quoted('pipeline.git.branch matches /(?!wip).*/'),
      gives: ['C304'],
    },
    {
      name: '107 a long pattern in linear mode',
      options: { regexDialect: 'linear' },
      config: quoted(`pipeline.git.branch matches /${'a'.repeat(129)}/`),
      gives: ['C304'],
    },
    {
      name: '108 an open group',
      config: quoted('pipeline.git.branch matches /(unclosed/'),
      gives: ['C304'],
      says: ['offset'],
    },
    {
      name: 'lookaround in the linear dialect',
      config: quoted('pipeline.git.branch matches /a(?=b).*/'),
      options: { regexDialect: 'linear' },
      gives: ['C304'],
      says: ['at offset 1'],
    },
    {
      name: 'a pattern that would take for ever',
      config: quoted('pipeline.git.branch matches /(a+)+b(?=c)c/'),
      values: { ...pushToMain, 'pipeline.git.branch': 'a'.repeat(100) },
      gives: ['C305'],
      says: ['nested repetitions'],
    },
    { name: 'an unknown name that is never reached', config: quoted('true or pipeline.nosuch'), gives: ['C322'] },
    { name: 'an open string', config: quoted('pipeline.git.branch == "x'), gives: ['C301'] },
    {
      name: 'an endless chain',
      config: quoted(Array.from({ length: 3000 }, () => 'true').join(' and ')),
      gives: ['C301'],
    },
    { name: 'endless nesting', config: quoted(`${'('.repeat(500)}true${')'.repeat(500)}`), gives: ['C301'] },
  ])
})

describe('expressions: values', () => {
  const main: [string, string, boolean][] = [
    ['81', 'not pipeline.parameters.a and pipeline.parameters.b', false],
    ['81', 'not (pipeline.parameters.a and pipeline.parameters.b)', true],
    ['83', 'pipeline.parameters.n == 1 or pipeline.parameters.n == 2 and pipeline.parameters.c', true],
    ['84', 'pipeline.number == "42"', false],
    ['84', 'pipeline.number != "42"', true],
    ['86', 'pipeline.git.tag starts-with "v"', false],
    ['92', "pipeline.schedule.name == 'nightly'", false],
    ['95', 'pipeline.event.name == "pull_request" and pipeline.event.github.pull_request.number > 5', false],
    ['96', 'true or pipeline.number starts-with "4"', true],
    ['105', 'pipeline.parameters.or == "x"', true],
    ['106', 'pipeline.git.branch matches /(?!wip).*/', true],
    ['106', 'pipeline.git.branch matches /(?!main).*/', false],
    ['107', `pipeline.git.branch matches /${'a'.repeat(129)}/`, false],
    ['110', 'pipeline.git.tag', false],
    ['', 'pipeline.number > 41 and pipeline.number <= 42', true],
    ['', '!pipeline.parameters.b', true],
    ['', 'pipeline.git.branch matches /ma/', false],
  ]
  valueCases([
    ...main.map(([number, expression, is]) => ({
      name: `${number} ${expression.slice(0, 80)}`,
      config: quoted(expression),
      see: runs,
      is,
    })),
    {
      name: '88 an inequality on a tag',
      values: onTag('v1'),
      config: filtered('pipeline.git.branch != "main"'),
      see: runs,
      is: true,
    },
    {
      name: '89 a match is a full match',
      values: onTag('v1.0'),
      config: filtered('pipeline.git.tag matches /v1/'),
      see: runs,
      is: false,
    },
    {
      name: '90 an escaped slash',
      values: onBranch('release/1'),
      config: filtered('pipeline.git.branch matches /release\\/.*/'),
      see: runs,
      is: true,
    },
    {
      name: '93 escapes in strings',
      values: { ...pushToMain, 'pipeline.git.commit.subject': 'say "hi" \\' },
      config: quoted('pipeline.git.commit.subject == "say \\"hi\\" \\\\"'),
      see: runs,
      is: true,
    },
    {
      name: '97 an expression over three lines',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows:\n  w:\n    jobs:\n      - build:\n          filters: |\n            pipeline.git.branch == "main"\n            or\n            pipeline.git.tag\n`,
      see: runs,
      is: true,
    },
    {
      name: '97 an expression over three lines on another branch',
      values: onBranch('dev'),
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows:\n  w:\n    jobs:\n      - build:\n          filters: |\n            pipeline.git.branch == "main"\n            or\n            pipeline.git.tag\n`,
      see: runs,
      is: false,
    },
    {
      name: '98 a template mixed into an expression',
      config: withCondition('when: pipeline.event.name == "api" or << pipeline.parameters.b >>', declared),
      see: runs,
      is: true,
      gives: ['W910'],
    },
    {
      name: '99 a whole template',
      config: withCondition('when: << pipeline.parameters.b >>', declared),
      see: runs,
      is: false,
    },
    {
      name: '109 catastrophic backtracking',
      values: onBranch('a'.repeat(40)),
      config: quoted('pipeline.git.branch matches /(a+)+b/'),
      see: runs,
      is: false,
    },
    {
      name: '110 a tag',
      values: onTag('v1'),
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {when: pipeline.git.tag, jobs: [{build: {filters: "true"}}]}}`,
      see: runs,
      is: true,
    },
    ...['false', '0', '""'].map((value) => ({
      name: `111 when: ${value}`,
      config: withCondition(`when: ${value}`),
      see: runs,
      is: false,
    })),
    ...['true', '1'].map((value) => ({
      name: `111 when: ${value}`,
      config: withCondition(`when: ${value}`),
      see: runs,
      is: true,
    })),
  ])
})
