import { describe, expect, test } from 'vitest'
import { compileText, onBranch } from '../testing/compile.ts'
import { B, faultCases, firstStep, indent, names, spec, valueCases, withSteps } from './harness.ts'

const docker = 'docker: [{image: "cimg/base:current"}]'

describe('YAML and document: faults', () => {
  faultCases([
    {
      name: '1 duplicate job',
      config: `version: 2.1\njobs:\n  build: ${B}\n  build: ${B}\n`,
      gives: ['C104 4:3'],
      related: ['3:3'],
    },
    {
      name: '4 a list cannot be merged',
      config: `version: 2.1\nx: &seq [a]\njobs: {build: {<<: *seq, steps: [checkout]}}`,
      gives: ['C106 2:10'],
      related: ['3:20'],
    },
    { name: '5 undefined anchor', config: 'version: 2.1\njobs: {build: *nope}', gives: ['C103 2:15'] },
    { name: '8 empty file', config: '', gives: ['C102 1:1'], says: ['there is nothing in it', 'version: 2.1'] },
    { name: '8 only comments', config: '# nothing\n', gives: ['C102'], says: ['there is nothing in it'] },
    { name: 'a list at the root', config: '- a\n', gives: ['C102'] },
    {
      name: '9 tab as indentation',
      config: `version: 2.1\njobs:\n\tbuild: ${B}\n`,
      gives: ['C100 3:1'],
      says: ['spaces'],
    },
    {
      name: '10 an expression that starts with !',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows:\n  w:\n    jobs:\n      - build:\n          filters: !pipeline.git.tag\n`,
      gives: ['C101'],
      says: ['quote the value', 'write `not`'],
    },
    { name: '15 unknown version', config: `version: 3\njobs: {build: ${B}}`, gives: ['C110 1:10'] },
    { name: '15 version true', config: `version: true\njobs: {build: ${B}}`, gives: ['C110'] },
    { name: '15 no version', config: `jobs: {build: ${B}}`, gives: ['C110'] },
    {
      name: '16 commands in version 2',
      config: `version: 2\ncommands: {a: {steps: [checkout]}}\njobs: {build: ${B}}`,
      gives: ['C111 2:1'],
      says: ['commands'],
    },
    {
      name: '17 heredoc in version 2 read as 2.1',
      options: { v2Dialect: 'as-2.1' },
      config: withSteps('- run: "cat <<EOF\\nhi\\nEOF"').replace('2.1', '2'),
      gives: ['C310'],
    },
    {
      name: '18 version 2 workflows without version',
      config: `version: 2\njobs: {build: ${B}}\nworkflows: {w: {jobs: [build]}}`,
      gives: ['C110 3:1'],
    },
    {
      name: '19 a list aliased into steps',
      config: `version: 2.1\nshared: &shared [checkout]\njobs: {build: {${docker}, steps: [checkout, *shared]}}`,
      gives: ['C221'],
      says: ['splice'],
    },
    {
      name: '20 job instead of jobs',
      config: `version: 2.1\njob: {build: ${B}}`,
      gives: ['C550', 'W901'],
      says: ['did you mean "jobs"'],
    },
    {
      name: '22 a dot in a job name',
      config: `version: 2.1\njobs:\n  build: ${B}\n  build.v2: ${B}`,
      gives: ['C120 4:3'],
      says: ['Invalid job name build.v2'],
    },
    {
      name: '24 names that differ only by case',
      config: `version: 2.1\njobs: {build: ${B}, Build: ${B}}`,
      gives: ['C120'],
      says: ['only in case'],
    },
    {
      name: '26 two jobs without steps, ordered by line',
      config: `version: 2.1\njobs:\n  build:\n    ${docker}\n  test:\n    ${docker}\n`,
      gives: ['C227 3:3', 'C227 5:3'],
    },
    { name: '345 anchor bomb', config: bomb(), gives: ['C105'] },
    { name: 'nested too deep', config: `version: 2.1\nx: ${'['.repeat(300)}${']'.repeat(300)}`, gives: ['C105'] },
    {
      name: 'nested beyond the stack',
      config: `version: 2.1\nx: ${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      gives: ['C105'],
    },
    { name: '340 source over 8 MB', config: `version: 2.1\n#${'x'.repeat(8 * 1024 * 1024)}`, gives: ['C602'] },
  ])
})

function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const before = `*a${level}`
    return `x${level + 1}: &a${level + 1} [${Array.from({ length: 10 }, () => before).join(', ')}]`
  })
  return `version: 2.1\nx0: &a0 [1,1,1,1,1,1,1,1,1,1]\n${levels.join('\n')}\njobs: {build: ${B}}\n`
}

describe('YAML and document: values', () => {
  valueCases([
    {
      name: '2 two merge keys',
      config: `version: 2.1\na: &a {X: "1"}\nb: &b {X: "2", Y: "2"}\njobs:\n  build:\n    ${docker}\n    steps: [checkout]\n    environment:\n      <<: *a\n      <<: *b\n`,
      see: (result) => spec(result).environment,
      is: { X: '1', Y: '2' },
    },
    {
      name: '3 a list of maps merged under explicit keys',
      config: `version: 2.1\na: &a {x: 1}\nb: &b {x: 2, y: 2}\njobs: {build: {${docker}, steps: [checkout], environment: {<<: [*a, *b], y: 9}}}`,
      see: (result) => spec(result).environment,
      is: { x: '1', y: '9' },
    },
    {
      name: 'an alias of a list of maps merges like the list',
      config: `version: 2.1\nauth: &auth\n  - auth: {username: $U, password: $P}\njobs:\n  build:\n    docker:\n      - <<: *auth\n        image: x\n    steps: [checkout]\n`,
      see: (result) => spec(result).executor,
      is: { type: 'docker', images: [{ image: 'x', environment: {}, auth: { username: '$U', password: '$P' } }] },
    },
    {
      name: '6 anchors under discarded keys',
      config: `version: 2.1\nreferences: {d: &d {working_directory: ~/x}}\njobs: {build: {<<: *d, ${docker}, steps: [checkout]}}`,
      see: (result) => [spec(result).workingDirectory, result.compiled?.split('# Original')[0]?.includes('references')],
      is: ['~/x', false],
    },
    {
      name: '7 discarded keys are not templated',
      config: `version: 2.1\nx-stuff: {a: "<< pipeline.parameters.nope >>"}\njobs: {build: ${B}}`,
      see: names,
      is: ['build'],
    },
    {
      name: '11, 12 dates, octal and base-60 numbers are text',
      config: withSteps('- run: {command: x, environment: {D: 2019-01-01, MODE: 0755, T: 12:30}}'),
      see: (result) => firstStep(result).environment,
      is: { D: '2019-01-01', MODE: '0755', T: '12:30' },
    },
    {
      name: '13 a float keeps its text',
      config: 'version: 2.1\njobs: {build: {macos: {xcode: 14.10}, steps: [checkout]}}',
      see: (result) => [spec(result).executor, result.compiled?.includes('xcode: 14.10')],
      is: [{ type: 'macos', xcode: '14.10' }, true],
    },
    ...['2.1', '"2.1"', '2', '"2.0"'].map((version) => ({
      name: `15 version ${version}`,
      config: `version: ${version}\njobs: {build: ${B}}`,
      see: names,
      is: ['build'],
    })),
    {
      name: '17 heredoc in version 2',
      config: withSteps('- run: "cat <<EOF\\nhi\\nEOF"').replace('2.1', '2'),
      see: (result) => firstStep(result).command,
      is: 'cat <<EOF\nhi\nEOF',
    },
    {
      name: '18 version 2.1 workflows without version',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [build]}}`,
      see: names,
      is: ['build'],
    },
    {
      name: '21 an anchored filter expression on another branch',
      values: onBranch('dev'),
      config: `version: 2.1\njobs: {a: ${B}, b: ${B}}\nworkflows:\n  w:\n    jobs:\n      - a:\n          filters: &f pipeline.git.branch == "main"\n      - b:\n          filters: *f\n`,
      see: names,
      is: [],
    },
    {
      name: '21 an anchored filter expression',
      config: `version: 2.1\njobs: {a: ${B}, b: ${B}}\nworkflows:\n  w:\n    jobs:\n      - a:\n          filters: &f pipeline.git.branch == "main"\n      - b:\n          filters: *f\n`,
      see: names,
      is: ['a', 'b'],
    },
    {
      name: '23 a job name with spaces',
      config: `version: 2.1\njobs: {"Build And Test": ${B}}\nworkflows: {w: {jobs: ["Build And Test"]}}`,
      see: names,
      is: ['Build And Test'],
    },
    {
      name: '25 one name for a job, a command and an executor',
      config: `version: 2.1\nexecutors: {lint: {${docker}}}\ncommands: {lint: {steps: [checkout]}}\njobs: {lint: {executor: lint, steps: [lint]}}\nworkflows: {w: {jobs: [lint]}}`,
      see: names,
      is: ['lint'],
    },
    {
      name: 'the mark of a block scalar on a line of its own, at the column of its key',
      config: `version: 2.1\njobs:\n  build:\n    ${docker}\n    steps:\n      - run:\n        |\n          echo a\n      - checkout\n`,
      see: (result) => firstStep(result).command,
      is: 'echo a\n',
    },
    {
      name: 'quoted << is an ordinary key, standard tags are honoured',
      config: withSteps('- run: {command: x, environment: {"<<": a, N: !!str 5}}'),
      see: (result) => firstStep(result).environment,
      is: { '<<': 'a', N: '5' },
      gives: ['W932'],
    },
    {
      name: 'old step names of version 2',
      config: `version: 2\njobs:\n  build:\n    ${docker}\n    steps:\n${indent('- type: run\n  command: a\n- shell: {command: b}\n- restore-cache: {key: k}', 6)}`,
      see: (result) => spec(result).steps.map((step) => step.kind),
      is: ['run', 'run', 'restore_cache'],
    },
  ])
})

test('14 one line of JSON gives the plan of the same config in block style', async () => {
  const image = { image: 'x', environment: { A: 1, B: null } }
  const run = { run: { name: 'n', command: 'a: "b" # c\n' } }
  const data = {
    version: 2.1,
    jobs: { build: { docker: [image], steps: ['checkout', run], parallelism: 2 } },
    workflows: { w: { jobs: [{ build: { context: ['c'], filters: { branches: { only: '/m.*/' } } } }] } },
  }
  const block =
    'version: 2.1\njobs:\n  build:\n    docker:\n      - image: x\n        environment:\n          A: 1\n          B:\n    steps:\n      - checkout\n      - run:\n          name: n\n          command: |\n            a: "b" # c\n    parallelism: 2\nworkflows:\n  w:\n    jobs:\n      - build:\n          context: [c]\n          filters:\n            branches:\n              only: /m.*/\n'
  const [flow, written] = [await compileText(JSON.stringify(data)), await compileText(block)]

  expect(flow.diagnostics).toEqual([])
  expect(withoutPlaces(flow.plan)).toEqual(withoutPlaces(written.plan))
})

function withoutPlaces(plan: unknown): unknown {
  return JSON.parse(JSON.stringify(plan, (key, value: unknown) => (key === 'origin' ? undefined : value)))
}
