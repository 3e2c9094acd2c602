import { body, count, entries, type Hostile, head, image, matrix, megabyte, steps } from './texts.ts'

const twoMegabytes = 'x'.repeat(2 * megabyte)
const parameterOf2Mb = `${head}parameters: {p: {type: string, default: "${twoMegabytes}"}}\n`
const anchorOf2Mb = `${head}s: &s "${twoMegabytes}"\n`
const variablesOf = (value: string) =>
  `jobs: {build: {${image}, environment: {${count(10_000, (i) => `K${i}: ${value}`).join()}}, steps: [checkout]}}`

/** Little texts that stand for more than fits anywhere, or are looked at again and again. */
export const repeated: Hostile[] = [
  {
    name: 'a pipeline parameter of 2 MB in 10,000 steps',
    make: () =>
      `${parameterOf2Mb}jobs: {build: {${image}, steps: [${count(10_000, () => 'run: << pipeline.parameters.p >>').join()}]}}`,
    gives: 'C601',
  },
  {
    name: 'a pipeline parameter of 2 MB in 10,000 variables',
    make: () => parameterOf2Mb + variablesOf('<< pipeline.parameters.p >>'),
    gives: 'C601',
  },
  {
    name: 'an anchor of 2 MB in 10,000 steps',
    make: () => `${anchorOf2Mb}jobs: {build: {${image}, steps: [${count(10_000, () => 'run: *s').join()}]}}`,
    gives: 'C105',
  },
  { name: 'an anchor of 2 MB in 10,000 variables', make: () => anchorOf2Mb + variablesOf('*s'), gives: 'C105' },
  {
    name: 'a command of 2 MB in 20,000 steps',
    make: () =>
      `${head}commands: {c: {steps: [{run: "${twoMegabytes}"}]}}\njobs: {build: {${image}, steps: [${'c,'.repeat(20_000)}]}}`,
    gives: 'C601',
  },
  {
    name: 'a matrix over texts of 2 MB',
    make: () => {
      const values = `[*s, ${count(8, String).join()}]`
      const types = ['a', 'b', 'c'].map((name) => `${name}: {type: string}`).join()
      return (
        `${anchorOf2Mb}jobs: {t: {parameters: {${types}}, ${image}, steps: [checkout]}}\n` +
        `workflows: {w: {jobs: [t: {matrix: {parameters: {a: ${values}, b: ${values}, c: ${values}}}}]}}`
      )
    },
    gives: 'C601',
  },
  {
    name: 'a matrix over 400,000 conditions',
    make: () =>
      matrix(`steps: [checkout, {when: {condition: {or: [${'false, '.repeat(400_000)}]}, steps: [checkout]}}]`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 400,000 equal values',
    make: () =>
      matrix(`steps: [checkout, {when: {condition: {equal: [${'1, '.repeat(400_000)}]}, steps: [checkout]}}]`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 400,000 steps behind a false condition',
    make: () => matrix(`steps: [checkout, {when: {condition: false, steps: [${'checkout, '.repeat(400_000)}]}}]`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 300,000 templates',
    make: () => matrix(`steps: [{save_cache: {key: k, paths: [${'<< parameters.p >>, '.repeat(300_000)}]}}]`, 1000),
    gives: 'C601',
  },
  {
    name: 'a matrix over 100,000 variables with templates',
    make: () =>
      matrix(
        `steps: [{run: {command: x, environment: {${count(100_000, (i) => `K${i}: << parameters.p >>`).join()}}}}]`,
        1000,
      ),
    gives: 'C601',
  },
  {
    name: 'a matrix over a template among 490,000 paths',
    make: () => matrix(`steps: [{save_cache: {key: k, paths: [${'a, '.repeat(490_000)}<< parameters.p >>]}}]`, 1000),
    gives: 'C601',
  },
  {
    name: '400 times 2,000 patterns',
    make: () =>
      `${head}jobs: {t: ${body}}\nf: &f {branches: {only: [${count(2000, (i) => `/(a|b)+c${i}.*x/`).join()}]}}\n` +
      `workflows: {w: {jobs: [${count(400, (i) => `t: {name: j${i}, filters: *f}`).join()}]}}`,
    gives: 'C305',
  },
  {
    name: '700 patterns of 10 KB',
    make: () =>
      entries([`t: {filters: {branches: {only: [${count(700, (i) => `/${'(a|b.c)'.repeat(1400)}x${i}/`).join()}]}}}`]),
    gives: 'C305',
  },
  {
    name: 'a matrix with 50,000 exclusions',
    make: () => {
      const exclude = `exclude: [${count(50_000, (i) => `{p: ${i + 2000}}`).join()}]`
      return matrix('steps: [checkout]', 1000).replace('matrix: {', `matrix: {${exclude}, `)
    },
    gives: 'ok',
  },
]

/** Very many of one thing, each fine by itself. */
export const many: Hostile[] = [
  {
    name: 'a chain of 50,000 aliases',
    make: () =>
      `${head}executors: {${count(50_000, (i) => `e${i}: e${i + 1}`).join()}, e50000: {${image}}}\n` +
      'jobs: {build: {executor: e0, steps: [checkout]}}',
    gives: 'C428',
  },
  {
    name: '40,000 commands',
    make: () =>
      `${head}commands: {${count(40_000, (i) => `c${i}: {steps: [checkout]}`).join()}}\njobs: {build: ${body}}`,
    gives: 'ok',
  },
  {
    name: '40,000 inline orbs',
    make: () =>
      `${head}orbs: {${count(40_000, (i) => `o${i}: {commands: {c: {steps: [checkout]}}}`).join()}}\njobs: {build: ${body}}`,
    gives: 'ok',
  },
  {
    name: '60,000 orbs',
    make: () => `${head}orbs: {${count(60_000, (i) => `o${i}: a/b@1.0.0`).join()}}\njobs: {build: ${body}}`,
    gives: 'C420',
  },
  {
    name: '60,000 parameters',
    make: () =>
      `${head}parameters: {${count(60_000, (i) => `p${i}: {type: string, default: x}`).join()}}\njobs: {build: ${body}}`,
    gives: 'ok',
  },
  {
    name: '35,000 workflows',
    make: () =>
      `${head}jobs: {t: ${body}}\nworkflows: {${count(35_000, (i) => `w${i}: {when: {equal: [a, << pipeline.git.branch >>]}, jobs: [t]}`).join()}}`,
    gives: 'ok',
  },
  {
    name: '35,000 schedules',
    make: () =>
      `${head}jobs: {t: ${body}}\nworkflows: {w: {jobs: [t], triggers: [` +
      `${count(35_000, () => '{schedule: {cron: "0 0 * * *", filters: {branches: {only: [main]}}}}').join()}]}}`,
    gives: 'C601',
  },
  {
    name: '50,000 images',
    make: () =>
      `${head}jobs: {build: {docker: [${count(50_000, () => '{image: x, environment: {a: b}}').join()}], steps: [checkout]}}`,
    gives: 'C601',
  },
  {
    name: '240,000 variables in a list',
    make: () =>
      `${head}jobs: {build: {${image}, environment: [${count(240_000, (i) => `A${i}=b`).join()}], steps: [checkout]}}`,
    gives: 'ok',
  },
  {
    name: '240,000 keys without a meaning',
    make: () => steps(`      - run: {command: x, ${count(240_000, (i) => `backgroun${i}: 1`).join()}}\n`),
    gives: 'ok',
  },
  { name: '450,000 tags', make: () => steps(`      - run: '${'<< pipeline.id >>'.repeat(450_000)}'\n`), gives: 'C601' },
  {
    name: '4,000 jobs of one name',
    make: () =>
      `${head}jobs: {t: {parameters: {p: {type: integer}}, ${image}, steps: [{run: "${'x'.repeat(1500)}<< parameters.p >>"}]}}\n` +
      `workflows: {w: {jobs: [${count(4, (k) => `t: {name: n, matrix: {alias: m${k}, parameters: {p: [${count(1000, (i) => k * 1000 + i + 1000).join()}]}}}`).join()}]}}`,
    gives: 'ok',
  },
  {
    name: '4,000 uses of a group of a hundred',
    make: () =>
      `${head}jobs: {t: ${body}}\njob-groups: {g: {jobs: [${count(100, (i) => `t: {name: n${i}}`).join()}]}}\n` +
      `workflows: {w: {jobs: [${count(4000, (i) => `g: {name: g${i}}`).join()}]}}`,
    gives: 'C603',
  },
  {
    name: 'a circle of 5,000',
    make: () => entries(count(5000, (i) => `t: {name: n${i}, requires: [n${(i + 1) % 5000}]}`)),
    gives: 'C524',
  },
]
