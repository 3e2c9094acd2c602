import { expect, test } from 'vitest'
import { compileText } from '../testing/compile.ts'
import { excerpt, formatDiagnostic, formatDiagnostics } from './format.ts'

const config = `version: 2.1
commands:
  setup_env: {steps: [checkout]}
jobs:
  build:
    docker: [{image: x}]
    steps:
      - setup-env
workflows: {main: {jobs: [build]}}
`

test('a diagnostic as text: place, calls, excerpt with carets, hint', async () => {
  const { diagnostics } = await compileText(config)

  expect(diagnostics.map((one) => formatDiagnostic(one, config))).toEqual([
    `config.yml:8:9  error C405  /jobs/build/steps/0
  Cannot find a definition for command named setup-env
  Error calling workflow: 'main'
  Error calling job: 'build'
  8 |       - setup-env
    |         ^^^^^^^^^
  hint: did you mean "setup_env"?`,
  ])
})

test('a diagnostic inside an orb shows the line of the orb', async () => {
  const text =
    'version: 2.1\ncommands:\n  greet:\n    steps:\n      - run: |\n          echo\n          echo << parameters.who >>\n'
  const orbs = { resolve: async (reference: string) => ({ ok: true as const, resolved: reference, digest: '', text }) }
  const using = 'version: 2.1\norbs: {hi: acme/hi@1}\njobs: {build: {docker: [{image: x}], steps: [hi/greet]}}\n'
  const { diagnostics } = await compileText(using, { orbs })

  expect(diagnostics.map((one) => formatDiagnostic(one))).toEqual([
    `orb:acme/hi@1:7:16  error C320  /commands/greet/steps/0/run
  Arguments referenced without declared parameters: parameters.who
  Error calling workflow: 'workflow'
  Error calling job: 'build'
  Error calling command: 'hi/greet'
  7 |           echo << parameters.who >>
    |                ^^^^^^^^^^^^^^^^^^^^
  called here: config.yml:3:46`,
  ])
})

test('schema violations stand under one heading, each led by its pointer', async () => {
  const text =
    'version: 2.1\njobs:\n  build: {docker: [{image: x}], stepz: [checkout], steps: [checkout, save_cache]}\n'
  const { diagnostics } = await compileText(text)

  expect(formatDiagnostics(diagnostics).replace(/permitted keys: [^;]*/, 'permitted keys: …')).toBe(
    `config.yml: 2 schema violations
  [/jobs/build/stepz] extraneous key [stepz] is not permitted; permitted keys: …; passed keys: docker, stepz, steps (C201, config.yml:3:33)
    3 |   build: {docker: [{image: x}], stepz: [checkout], steps: [checkout, save_cache]}
      |                                 ^^^^^
    hint: did you mean "steps"?
  [/jobs/build/steps/1] Step save_cache needs arguments: key, paths (C223, config.yml:3:70)
    3 |   build: {docker: [{image: x}], stepz: [checkout], steps: [checkout, save_cache]}
      |                                                                      ^^^^^^^^^^
    hint: write "- save_cache:" and below it "key: …"`,
  )
})

test('columns count code points, and the carets stand under them', () => {
  expect(excerpt({ start: { line: 1, column: 3 }, end: { line: 1, column: 5 } }, '😀 ab c')).toEqual([
    '1 | 😀 ab c',
    '  |   ^^',
  ])
})

test('a long line is cut around the fault', () => {
  const line = `${'x'.repeat(500)}HERE${'y'.repeat(500)}`
  const [shown, carets] = excerpt({ start: { line: 1, column: 501 }, end: { line: 1, column: 505 } }, line)

  expect(shown?.length).toBeLessThan(130)
  expect(shown?.slice(carets?.indexOf('^'), (carets?.lastIndexOf('^') ?? 0) + 1)).toBe('HERE')
})

test('a range behind the end of the text has no excerpt', () => {
  expect(excerpt({ start: { line: 9, column: 1 }, end: { line: 9, column: 2 } }, 'a\n')).toEqual([])
})

test('a merged value is shown at its anchor, and the merge as a related place', async () => {
  const text = `version: 2.1\nbase: &base\n  docker: 5\njobs:\n  build:\n    <<: *base\n    steps: [checkout]\n`
  const { diagnostics } = await compileText(text)

  expect(formatDiagnostic(diagnostics[0] ?? expect.fail(), text)).toBe(
    `config.yml:3:11  error C202  /jobs/build/docker
  expected type: list, found: integer
  3 |   docker: 5
    |           ^
  brought in by this merge: config.yml:6:9
  hint: write a list: "docker:" and below it "- image: …"`,
  )
})
