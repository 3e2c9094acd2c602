import { expect, test } from 'vitest'
import { formatDiagnostics } from '../index.ts'
import { compileText } from '../testing/compile.ts'

const place = 'docker: [{image: cimg/base:current}]'
const build = `jobs: {build: {${place}, steps: [checkout]}}`
const job = (lines: string) => `version: 2.1\njobs:\n  build:\n${lines}`
const steps = (lines: string) => job(`    ${place}\n    steps:\n${lines}`)
const flow = (lines: string) => `version: 2.1\n${build}\nworkflows:\n${lines}`

/** Mistakes of people who are new to configs: the place, what is told, and what to do. */
const mistakes: [name: string, config: string, place: string, told: string, todo: string][] = [
  ['a tab', 'version: 2.1\njobs:\n\tbuild:\n', '3:1', 'a tab is used as indentation', 'indent with spaces'],
  [
    'a key out of its column',
    job(`    ${place}\n     steps: [checkout]\n`),
    '5:6',
    'the indentation is wrong',
    'keys of one map start in the same column',
  ],
  [
    'a step without its dash',
    steps('      checkout\n'),
    '6:7',
    'expected type: list, found: string',
    'start each step with "- "',
  ],
  [
    'the second step without its dash',
    steps('      - checkout\n      run: npm test\n'),
    '7:7',
    'this does not belong here',
    'start the line with "- " if it belongs to the list above it',
  ],
  [
    'step for steps',
    job(`    ${place}\n    step: [checkout]\n`),
    '5:5',
    'extraneous key [step]',
    'did you mean "steps"?',
  ],
  [
    'an image outside docker',
    job('    image: cimg/node:22.0\n    steps: [checkout]\n'),
    '4:5',
    'extraneous key [image]',
    '"docker:" and below it "- image: …"',
  ],
  [
    'docker with a name',
    job('    docker: cimg/node:22.0\n    steps: [checkout]\n'),
    '4:13',
    'expected type: list, found: string',
    '"- image: …"',
  ],
  [
    'docker without a dash',
    job('    docker:\n      image: cimg/node:22.0\n    steps: [checkout]\n'),
    '5:7',
    'expected type: list, found: map',
    '"- image: …"',
  ],
  [
    'docker with names',
    job('    docker:\n      - cimg/node:22.0\n    steps: [checkout]\n'),
    '5:9',
    'expected type: map, found: string',
    'write "- image: cimg/node:22.0"',
  ],
  [
    'a login beside its image',
    job('    docker:\n    - image: x\n    auth: {username: a}\n    steps: [checkout]\n'),
    '6:5',
    'extraneous key [auth]',
    'below "- image: …" of `docker`',
  ],
  [
    'runs-on',
    job('    runs-on: ubuntu-latest\n    steps: [checkout]\n'),
    '4:5',
    'extraneous key [runs-on]',
    '"docker: [{image: cimg/base:current}]"',
  ],
  [
    'env',
    job(`    ${place}\n    env: {A: b}\n    steps: [checkout]\n`),
    '5:5',
    'extraneous key [env]',
    'did you mean "environment"?',
  ],
  ['a script', job(`    ${place}\n    script: [make]\n`), '5:5', 'extraneous key [script]', 'below each "- run: …"'],
  [
    'no place to run',
    job('    steps: [checkout]\n'),
    '3:3',
    'Exactly one of docker, machine, macos is required, found 0',
    'say where it runs',
  ],
  [
    'steps with nothing below',
    job(`    ${place}\n    steps:\n`),
    '5:5',
    'required key [steps] not found',
    'nothing stands below `steps`',
  ],
  [
    'filters in a job',
    job(`    ${place}\n    filters: {branches: {only: main}}\n    steps: [checkout]\n`),
    '5:5',
    'extraneous key [filters]',
    'belongs to an entry of a workflow',
  ],
  [
    'a list of commands',
    steps('      - run: [npm ci, npm test]\n'),
    '6:14',
    'expected type: string, found: list',
    '"run: |"',
  ],
  [
    'commands for command',
    steps('      - run: {commands: make}\n'),
    '6:9',
    '`run` has no `command`',
    'did you mean "command" where it says "commands"?',
  ],
  [
    'the keys of run not indented',
    steps('      - run:\n        name: test\n        command: make\n'),
    '6:9',
    'A step must have exactly one key',
    'indent the keys under `run`',
  ],
  [
    'a colon in a command',
    steps('      - run: echo "a": b\n'),
    '6:22',
    'text behind a complete value',
    'quote a value that holds a colon and a blank',
  ],
  [
    'when as a step',
    steps('      - when: always\n'),
    '6:15',
    '`when` step needs exactly `condition` and `steps`',
    'belongs inside a step',
  ],
  [
    'a Shell heredoc',
    steps('      - run: |\n          cat <<EOF\n          EOF\n'),
    '7:15',
    "Unclosed '<<' tag",
    'write \\<< for a literal <<',
  ],
  [
    'braces without quotes',
    steps('      - save_cache:\n          key: {{ arch }}\n          paths: [a]\n'),
    '7:17',
    'a key must be text',
    'must be quoted',
  ],
  [
    'path for paths',
    steps('      - save_cache:\n          key: a\n          path: b\n'),
    '6:9',
    'required key [paths] not found',
    'where it says "path"',
  ],
  [
    'a step without arguments',
    steps('      - store_artifacts\n'),
    '6:9',
    'needs arguments: path',
    'below it "path: …"',
  ],
  ['a capital letter', steps('      - Checkout\n'), '6:9', 'command named Checkout', 'did you mean "checkout"?'],
  ['an open quote', steps('      - run: "npm test\n'), '6:22', 'is not closed', 'close it'],
  [
    'minutes in words',
    steps('      - run: {command: a, no_output_timeout: 10 minutes}\n'),
    '6:46',
    'Invalid duration 10 minutes',
    'for example 20m',
  ],
  [
    'jobs forgotten below a workflow',
    flow('  main:\n    - build\n'),
    '5:5',
    'expected type: map, found: list',
    'put the list under `jobs`',
  ],
  [
    'a workflow without a name',
    flow('  jobs:\n    - build\n'),
    '5:5',
    'expected type: map, found: list',
    'a workflow needs a name',
  ],
  [
    'a star without quotes',
    flow('  m: {jobs: [build: {filters: {branches: {only: *}}}]}\n'),
    '4:50',
    'a * begins an alias',
    'quote text that starts with *',
  ],
  [
    'branch for branches',
    flow('  m: {jobs: [build: {filters: {branch: {only: main}}}]}\n'),
    '4:32',
    'extraneous key [branch]',
    'did you mean "branches"?',
  ],
  [
    'an entry whose keys are not indented',
    flow('  m:\n    jobs:\n      - build:\n        requires: [x]\n'),
    '6:9',
    'A job entry must have exactly one key',
    'indent the keys under the name of the job',
  ],
  [
    'require',
    flow('  m: {jobs: [build: {require: [x]}]}\n'),
    '4:22',
    'Unexpected argument(s): require',
    'did you mean "requires"?',
  ],
  [
    'a misspelt requirement',
    flow('  m: {jobs: [build, build: {name: b, requires: [biuld]}]}\n'),
    '4:49',
    "Job 'b' requires 'biuld'",
    'did you mean "build"?',
  ],
  [
    '@daily',
    flow('  m: {triggers: [{schedule: {cron: "@daily", filters: {branches: {only: main}}}}], jobs: [build]}\n'),
    '4:36',
    'expected 5 fields, found 1',
    'minute, hour',
  ],
  ['version 2.1.0', `version: 2.1.0\n${build}\n`, '1:10', 'found 2.1.0', 'write version: 2.1'],
  [
    'an orb without its version',
    `version: 2.1\norbs: {node: circleci/node}\n${build}\n`,
    '2:14',
    'Invalid orb reference',
    'namespace/orb@1.2.3',
  ],
  [
    'a misspelt namespace',
    steps('      - run: << pipline.number >>\n'),
    '6:14',
    '"pipline.number" that does not exist',
    'did you mean "pipeline.number"?',
  ],
  [
    'a misspelt executor',
    `version: 2.1\nexecutors: {linux: {${place}}}\njobs: {build: {executor: linx, steps: [checkout]}}\n`,
    '3:26',
    'executor named linx',
    'did you mean "linux"?',
  ],
  [
    'a boolean in quotes',
    `version: 2.1\nparameters: {d: {type: boolean, default: "false"}}\n${build}\n`,
    '2:42',
    'not a valid boolean',
    'without quotes',
  ],
  [
    'a number in quotes',
    job(`    ${place}\n    parallelism: "4"\n    steps: [checkout]\n`),
    '5:18',
    'expected type: integer',
    'without quotes',
  ],
  [
    'jobs as a list',
    `version: 2.1\njobs:\n  - build:\n      ${place}\n`,
    '3:3',
    'expected type: map, found: list',
    'in place of each dash',
  ],
  ['an empty file', '', '1:1', 'The config must be a map', 'version: 2.1'],
]

test.each(mistakes)('%s', async (_, config, at, told, todo) => {
  const { ok, diagnostics } = await compileText(config)
  const [first, ...others] = diagnostics

  expect(ok).toBe(false)
  expect(others).toEqual([])
  expect(`${first?.range.start.line}:${first?.range.start.column}`).toBe(at)
  expect(first?.message).toContain(told)
  expect(first?.hint).toContain(todo)
  expect(formatDiagnostics(diagnostics)).toContain(`config.yml:${at}`)
})
