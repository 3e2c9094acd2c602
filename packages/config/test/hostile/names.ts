import { count, entries, type Hostile, head, image, megabyte, steps, when } from './texts.ts'

const twice = (times: number) => count(times, () => 'a: 1').join()

/** Long keys, names and lines, which every diagnostic would repeat or count again. */
export const long: Hostile[] = [
  {
    name: 'faults at the end of a line of 7 MB',
    make: () => `${head}x: {pad: "${'x'.repeat(7 * megabyte)}", ${twice(900)}}`,
    gives: 'C104',
  },
  {
    name: 'faults around a million emoji',
    make: () => `${head}x: {a: 1, pad: "${'😀'.repeat(megabyte)}", ${twice(900)}}`,
    gives: 'C104',
  },
  {
    name: 'faults below a key of 3 MB',
    make: () => `${head}x: {${'k'.repeat(3 * megabyte)}: {${twice(300)}}}`,
    gives: 'C104',
  },
  {
    name: 'faults in a job with a name of 1 MB',
    make: () =>
      `${head}jobs: {${'k'.repeat(megabyte)}: {${image}, steps: [${count(300, (i) => `zz${i}`).join()}]}}\n` +
      `workflows: {w: {jobs: [${'k'.repeat(megabyte)}]}}`,
    gives: 'C405',
  },
  { name: 'an expression of 4 MB', make: () => when('x'.repeat(4 * megabyte)), gives: 'C301' },
  { name: 'a tag of 4 MB', make: () => steps(`      - run: '<< ${'x'.repeat(4 * megabyte)} >>'\n`), gives: 'C311' },
  {
    name: 'a parameter with a name of 4 MB',
    make: () => steps(`      - run: '<< parameters.${'x'.repeat(4 * megabyte)} >>'\n`),
    gives: 'C320',
  },
  {
    name: '2,000 faulty names like a thousand long ones',
    make: () =>
      `${head}commands:\n  c:\n    parameters: {${count(1000, (i) => `${'p'.repeat(58)}${1000 + i}: {type: string, default: x}`).join()}}\n` +
      `    steps:\n${count(2000, (i) => `      - run: << parameters.${'p'.repeat(58)}${5000 + i} >>\n`).join('')}` +
      `jobs: {build: {${image}, steps: [c]}}`,
    gives: 'C320',
  },
  {
    name: 'jobs that require long names',
    make: () =>
      entries(
        count(4000, (i) => `t: {name: ${'n'.repeat(1000)}${i}, requires: [${'n'.repeat(1000)}${i - 1}]}`).with(
          0,
          't: {name: n}',
        ),
      ),
    gives: 'C521',
  },
]
