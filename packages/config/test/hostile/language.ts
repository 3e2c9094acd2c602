import {
  body,
  branch,
  count,
  doubling,
  entries,
  type Hostile,
  head,
  image,
  matrix,
  megabyte,
  steps,
  when,
} from './texts.ts'

export const language: Hostile[] = [
  {
    name: 'commands that call each other',
    make: () => `${head}commands: {a: {steps: [b]}, b: {steps: [a]}}\njobs: {build: {${image}, steps: [a]}}\n`,
    gives: 'C403',
  },
  { name: 'commands that double', make: () => doubling('{steps: [checkout]}'), gives: 'C601' },
  {
    name: 'commands that double nothing',
    make: () => doubling('{steps: [{when: {condition: false, steps: [checkout]}}]}'),
    gives: 'C601',
  },
  {
    name: 'text that doubles',
    make: () =>
      `${head}commands:\n  c0: {parameters: {p: {type: string}}, steps: [{run: << parameters.p >>}]}\n` +
      `${count(60, (i) => `  c${i + 1}: {parameters: {p: {type: string}}, steps: [{c${i}: {p: "<< parameters.p >><< parameters.p >>"}}]}\n`).join('')}` +
      `jobs: {build: {${image}, steps: [{c60: {p: xx}}]}}\n`,
    gives: 'C601',
  },
  {
    name: 'a matrix of a thousand million',
    make: () => {
      const values = count(1000, String).join()
      return entries([`t: {matrix: {parameters: {a: [${values}], b: [${values}], c: [${values}]}}}`])
    },
    gives: 'C564',
  },
  {
    name: 'a matrix over a text of 2 MB',
    make: () => matrix(`steps: [{run: "${'x'.repeat(2 * megabyte)}"}]`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 20,000 variables',
    make: () => matrix(`steps: [checkout], environment: {${count(20_000, (i) => `K${i}: v`).join()}}`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 20,000 steps',
    make: () => matrix(`steps: [${'checkout, '.repeat(20_000)}]`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 20,000 conditions',
    make: () =>
      matrix(`steps: [checkout, {when: {condition: {or: [${'false, '.repeat(20_000)}]}, steps: [checkout]}}]`, 1000),
    gives: 'C601',
  },
  {
    name: '200 matrices of a thousand',
    make: () =>
      `${head}jobs: {t: {parameters: {p: {type: integer}}, ${image}, steps: [checkout]}}\nworkflows: {w: {jobs: [` +
      `${count(200, () => `t: {matrix: {parameters: {p: [${count(1000, String).join()}]}}}`).join()}]}}\n`,
    gives: 'C603',
  },
  { name: '200,000 entries', make: () => entries(Array(200_000).fill('t')), gives: 'C603' },
  {
    name: 'unknown jobs beside 40,000 known ones',
    make: () =>
      `${head}jobs: {${count(40_000, (i) => `j${i}: ${body}`).join()}}\n` +
      `workflows: {w: {jobs: [${count(4000, (i) => `k${i}`).join()}]}}\n`,
    gives: 'C406',
  },
  {
    name: '50,000 contexts',
    make: () => entries([`t: {context: [${count(50_000, (i) => `c${i}`).join()}]}`]),
    gives: 'C531',
  },
  {
    name: '100,000 unknown keys',
    make: () => `${head}jobs: {build: {${image}, steps: [checkout], ${count(100_000, (i) => `q${i}: 1`).join()}}}`,
    gives: 'C201',
  },
  {
    name: '50,000 faulty steps',
    make: () => steps('      - run: {command: []}\n'.repeat(50_000)),
    gives: 'C202',
  },
  {
    name: '50,000 unknown commands',
    make: () => steps(count(50_000, (i) => `      - zz${i}\n`).join('')),
    gives: 'C405',
  },
  {
    name: '20,000 unknown arguments',
    make: () => entries([`t: {${count(20_000, (i) => `p${i}: 1`).join()}}`]),
    gives: 'C360',
  },
]

export const templates: Hostile[] = [
  {
    name: '100,000 tags',
    make: () => steps(`      - run: "${'<< pipeline.number >>'.repeat(100_000)}"\n`),
    gives: 'ok',
  },
  { name: '1 MB of <<', make: () => steps(`      - run: "${'<<'.repeat(megabyte / 2)}"\n`), gives: 'C310' },
  { name: 'quotes in tags', make: () => steps(`      - run: '${'<< " >>'.repeat(100_000)}'\n`), gives: 'ok' },
  { name: 'tags that never close', make: () => steps(`      - run: '${'<< "'.repeat(200_000)}>>'\n`), gives: 'C311' },
  { name: '1 MB of backslashes', make: () => steps(`      - run: '${'\\'.repeat(megabyte)}<< x >>'\n`), gives: 'C311' },
  {
    name: 'regexes in tags',
    make: () => steps(`      - run: '<< ${'matches / '.repeat(100_000)}>>'\n`),
    gives: 'C301',
  },
  {
    name: 'open sections',
    make: () => steps(`      - run: '${'<<#pipeline.number>>'.repeat(50_000)}'\n`),
    gives: 'C314',
  },
  {
    name: '60,000 faulty tags in a block',
    make: () => steps(`      - run: |\n${'          << pipeline.nope >>\n'.repeat(60_000)}`),
    gives: 'C322',
  },
  {
    name: '50,000 faulty tags in as many steps',
    make: () => steps('      - run: << pipeline.nope >>\n'.repeat(50_000)),
    gives: 'C322',
  },
]

export const expressions: Hostile[] = [
  { name: '100,000 parentheses', make: () => when(`${'('.repeat(100_000)}true`), gives: 'C301' },
  { name: '100,000 not', make: () => when(`${'not '.repeat(100_000)}true`), gives: 'C301' },
  { name: '100,000 and', make: () => when(`true${' and true'.repeat(100_000)}`), gives: 'C301' },
  {
    name: 'a deep logic statement',
    make: () =>
      `${head}jobs: {build: ${body}}\nworkflows: {w: {when: ${'{not: '.repeat(180)}true${'}'.repeat(180)}, jobs: [build]}}\n`,
    gives: 'C343',
  },
  { name: 'nested repetition', make: () => when('pipeline.git.branch matches /(a+)+b/'), branch, gives: 'ok' },
  {
    name: 'counted repetition',
    make: () => when('pipeline.git.branch matches /(((a{900}){9}){9})+/'),
    branch,
    gives: 'ok',
  },
  {
    name: 'optional groups',
    make: () => when(`pipeline.git.branch matches /${'(a?)'.repeat(2400)}a/`),
    branch,
    gives: 'ok',
  },
  {
    name: 'a pattern of 200 KB',
    make: () => when(`pipeline.git.branch matches /${'(a?)'.repeat(50_000)}a/`),
    branch,
    gives: 'C304',
  },
  {
    name: 'a pattern of parentheses',
    make: () => when(`pipeline.git.branch matches /${'('.repeat(9000)}a/`),
    branch,
    gives: 'C304',
  },
  {
    name: 'repetition behind lookaround',
    make: () => when('pipeline.git.branch matches /(a+)+b(?=c)c/'),
    branch,
    gives: 'C305',
  },
  {
    name: 'repetition with a backreference',
    make: () => when('pipeline.git.branch matches /(a*)*\\1b/'),
    branch,
    gives: 'C305',
  },
  {
    name: '2,000 slow patterns',
    make: () => entries([`t: {filters: {branches: {only: [${count(2000, (i) => `"/(a+)+b${i}(?=c)c/"`).join()}]}}}`]),
    branch,
    gives: 'C305',
  },
]

export const large: Hostile[] = [
  { name: '100,000 steps', make: () => steps('      - run: echo\n'.repeat(100_000)), gives: 'ok' },
  { name: '160,000 steps', make: () => steps('      - run: echo\n'.repeat(160_000)), gives: 'C601' },
  {
    name: '30,000 jobs of 3 MB, one used',
    make: () =>
      `${head}jobs:\n${count(30_000, (i) => `  j${i}:\n    ${image}\n    steps:\n      - checkout\n      - run: make all ${i} with some arguments\n`).join('')}` +
      'workflows: {w: {jobs: [j0]}}\n',
    gives: 'ok',
  },
  {
    name: '1,200 jobs that require 400 each',
    make: () =>
      entries(count(1200, (i) => `t: {name: j${i}, requires: [${count(Math.min(i, 400), (k) => `j${k}`).join()}]}`)),
    gives: 'C601',
  },
  {
    name: '5,000 workflows',
    make: () =>
      `${head}jobs: {t: ${body}}\nworkflows: {${count(5000, (i) => `w${i}: {jobs: [h: {type: approval}, t]}`).join()}}\n`,
    gives: 'ok',
  },
]
