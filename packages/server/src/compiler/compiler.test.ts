import { defaultCompileOptions, noOrbs, type OrbResolver } from '@orrery/config'
import { afterEach, expect, test } from 'vitest'
import { Compiler } from './compiler.ts'
import type { CompileRequest } from './messages.ts'

const open: Compiler[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

function compilerWith(limits?: ConstructorParameters<typeof Compiler>[0]): Compiler {
  const compiler = new Compiler(limits)
  open.push(compiler)
  return compiler
}

function config(text: string): CompileRequest {
  return {
    source: { text, file: '.circleci/config.yml' },
    pipelineValues: { 'pipeline.git.branch': 'main' },
    pipelineArgs: {},
    phase: 'initial',
    options: defaultCompileOptions,
  }
}

const small = 'version: 2.1\njobs: {build: {docker: [{image: x}], steps: [checkout]}}\n'
const doubling = Array.from({ length: 20 }, (_, i) => `  c${i + 1}: {steps: [c${i}, c${i}]}\n`).join('')
const large = `version: 2.1\ncommands:\n  c0: {steps: [checkout]}\n${doubling}jobs: {build: {docker: [{image: x}], steps: [c20]}}\n`

test('a config gives the plan that the compiler gives', async () => {
  const { ok, plan } = await compilerWith().compile(config(small), noOrbs)

  expect([ok, plan?.workflows[0]?.jobs.map((job) => job.name)]).toEqual([true, ['build']])
})

test('configs that come together are compiled one after the other, in the same thread', async () => {
  const compiler = compilerWith()
  const results = await Promise.all(
    ['a', 'b', 'c'].map((image) => compiler.compile(config(small.replace('image: x', `image: ${image}`)), noOrbs)),
  )

  const images = results.map(({ plan }) => plan?.workflows[0]?.jobs[0]?.spec?.executor)
  expect(images).toMatchObject(['a', 'b', 'c'].map((image) => ({ images: [{ image }] })))
})

test('faults come back as diagnostics', async () => {
  const { ok, diagnostics } = await compilerWith().compile(config('version: 2.1\njobs: {build: *x}'), noOrbs)

  expect([ok, diagnostics.map((one) => one.code)]).toEqual([false, ['C103']])
})

test('orbs are resolved on this side of the thread', async () => {
  const asked: string[] = []
  const orbs: OrbResolver = {
    resolve: async (reference) => {
      asked.push(reference)
      const text = `version: 2.1\njobs: {j: {docker: [{image: "${reference}"}], steps: [checkout]}}`
      return { ok: true, resolved: `${reference}.0.0`, digest: 'd', text }
    },
  }
  const text = 'version: 2.1\norbs: {a: acme/one@1, b: acme/two@2}\nworkflows: {w: {jobs: [a/j, b/j]}}\n'
  const { plan, orbLock } = await compilerWith().compile(config(text), orbs)

  expect(asked).toEqual(['acme/one@1', 'acme/two@2'])
  expect(plan?.workflows[0]?.jobs.map((job) => job.name)).toEqual(['a/j', 'b/j'])
  expect(orbLock.map((one) => one.resolved)).toEqual(['acme/one@1.0.0', 'acme/two@2.0.0'])
})

test('a resolver that throws fails its compile and no other', async () => {
  const orbs: OrbResolver = {
    resolve: async () => {
      throw new Error('the registry is away')
    },
  }
  const compiler = compilerWith()
  const failing = compiler.compile(config('version: 2.1\norbs: {a: acme/one@1}\nworkflows: {w: {jobs: [a/j]}}\n'), orbs)

  await expect(failing).rejects.toThrow('the registry is away')
  expect((await compiler.compile(config(small), noOrbs)).ok).toBe(true)
})

test('a compile that takes too long is ended and told, and the next one is served', async () => {
  const compiler = compilerWith({ timeMs: 20 })
  const { ok, diagnostics } = await compiler.compile(config(large), noOrbs)

  expect([ok, diagnostics.map((one) => `${one.code} ${one.file}`)]).toEqual([false, ['C604 .circleci/config.yml']])
  const patient = compilerWith()
  expect((await patient.compile(config(small), noOrbs)).ok).toBe(true)
})

test('what the thread takes to start is not the time of the config', async () => {
  // Less than loading the compiler takes, many times what this config takes.
  const compiler = compilerWith({ timeMs: 120 })

  expect((await compiler.compile(config(small), noOrbs)).ok).toBe(true)
})

test('a compile that takes too much memory is ended and told, and the next one is served', async () => {
  const compiler = compilerWith({ memoryMb: 24 })
  const [first, second] = await Promise.all([
    compiler.compile(config(`version: 2.1\nx: [${'{a: b},'.repeat(120_000)}]\n`), noOrbs),
    compiler.compile(config(small), noOrbs),
  ])

  expect(first.diagnostics.map((one) => one.code)).toEqual(['C605'])
  expect(second.ok).toBe(true)
})

test('the event loop turns while a large config is compiled', async () => {
  let turns = 0
  const ticking = setInterval(() => turns++, 5)
  await compilerWith().compile(config(large), noOrbs)
  clearInterval(ticking)

  expect(turns).toBeGreaterThan(5)
})
