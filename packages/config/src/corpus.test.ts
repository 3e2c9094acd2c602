import { expect, test } from 'vitest'
import { compile, compileTraced, defaultCompileOptions } from './compile.ts'
import type { CompileInput, CompileResult } from './compile-types.ts'
import { Budget } from './scope/budget.ts'
import { corpusContinuations } from './testing/continuations.ts'
import { corpusConfigs, corpusOrbs, hasCorpus } from './testing/corpus.ts'
import {
  type Expected,
  expectedOfConfigs,
  expectedOfContinuations,
  passedArguments,
} from './testing/corpus-expected.ts'
import { essence, withoutComments } from './testing/essence.ts'

const values = {
  'pipeline.id': '5034460f-c7c4-4c43-9457-de07e2029e7b',
  'pipeline.number': 7,
  'pipeline.project.git_url': 'https://example.org/acme/app',
  'pipeline.project.type': 'github',
  'pipeline.git.branch': 'main',
  'pipeline.git.branch.is_default': true,
  'pipeline.git.tag': '',
  'pipeline.git.revision': '2f4a5d9c0e7b4a3d8f6e1c2b3a4d5e6f7a8b9c0d',
  'pipeline.git.base_revision': '1f4a5d9c0e7b4a3d8f6e1c2b3a4d5e6f7a8b9c0d',
  'pipeline.trigger_source': 'webhook',
  'pipeline.event.name': 'push',
  'pipeline.schedule.name': '',
  'pipeline.schedule.id': '',
}
const orbResolver = hasCorpus ? corpusOrbs() : undefined

async function compileReal(file: string, text: string, given: Partial<CompileInput> = {}): Promise<CompileResult> {
  if (!orbResolver) throw new Error('no corpus')
  const input = { pipelineValues: values, pipelineArgs: {}, phase: 'initial' as const, options: defaultCompileOptions }
  return compile({ ...input, source: { text, file }, orbResolver, ...given })
}

/** Asserts that a result is what the table says, and gives the line to print. */
function verify(file: string, result: CompileResult, expected: Expected | undefined): string | undefined {
  const errors = result.diagnostics.filter((one) => one.severity === 'error')
  const told = errors.map(({ code, message }) => `${code} ${message}`)
  if (!expected) {
    expect(told, `${file} should compile`).toEqual([])
    expect(result.ok).toBe(true)
    return undefined
  }
  expect([...new Set(errors.map(({ code }) => code))], `${file}: ${told.join('\n')}`).toEqual(expected.codes)
  for (const name of expected.names) expect(told.join('\n'), file).toContain(name)
  for (const { range } of errors) expect(range.start.line).toBeGreaterThan(0)
  return `${file}: ${expected.codes.join()} ${expected.names.join(', ')} (${expected.because})`
}

/** The compiled form of a config is a config: it gives the same plan, and its own compiled form is itself. */
async function verifyCompiled(file: string, first: CompileResult): Promise<void> {
  if (!first.ok) return
  const second = await compileReal(file, first.compiled ?? '')
  const errors = second.diagnostics.filter((one) => one.severity === 'error')

  expect(
    errors.map(({ code, message, range }) => `${code} ${range.start.line} ${message}`),
    file,
  ).toEqual([])
  expect(withoutComments(second.compiled), file).toBe(withoutComments(first.compiled))
  expect(essence(second.plan), file).toEqual(essence(first.plan))
}

function print(what: string, count: number, lines: (string | undefined)[]): void {
  const failing = lines.filter((line) => line !== undefined)
  console.info(`${count - failing.length} of ${count} ${what} compile; the others:\n${failing.join('\n')}`)
}

test.skipIf(!hasCorpus)(
  'real configs: each compiles, or is told what the table says',
  async () => {
    const configs = corpusConfigs()
    const lines: (string | undefined)[] = []
    for (const { file, text } of configs) {
      const result = await compileReal(file, text)
      lines.push(verify(file, result, expectedOfConfigs.get(file)))
      await verifyCompiled(file, result)
    }

    expect([...expectedOfConfigs.keys()].filter((file) => !configs.some((one) => one.file === file))).toEqual([])
    print('real configs', configs.length, lines)
  },
  120_000,
)

test.skipIf(!hasCorpus)(
  'continuations of real setup configs: the same',
  async () => {
    const found = corpusContinuations()
    const lines: (string | undefined)[] = []
    for (const { file, text, setup } of found) {
      const given = {
        phase: 'continuation' as const,
        continues: { setup, triggerArgs: {} },
        pipelineArgs: passedArguments.get(file) ?? {},
      }
      const result = await compileReal(file, text, given)
      lines.push(verify(file, result, expectedOfContinuations.get(file)))
      await verifyCompiled(file, result)
    }

    expect([...expectedOfContinuations.keys()].filter((file) => !found.some((one) => one.file === file))).toEqual([])
    print('continuation configs and their parts', found.length, lines)
  },
  120_000,
)

test.skipIf(!hasCorpus)('real configs stay ten times below what expansion may produce', async () => {
  const spent: [string, number][] = []
  for (const { file, text } of corpusConfigs()) {
    if (!orbResolver) throw new Error('no corpus')
    const input = { pipelineValues: values, pipelineArgs: {}, phase: 'initial' as const, orbResolver }
    const { trace } = await compileTraced({ ...input, source: { text, file }, options: defaultCompileOptions })
    if (trace) spent.push([file, trace.env.world.budget.spent])
  }
  const most = spent.sort(([, a], [, b]) => b - a)[0] ?? expect.fail('nothing compiled')
  console.info(`${most[0]} spends most: ${((100 * most[1]) / Budget.units).toFixed(1)} % of the budget`)

  expect(most[1] * 10).toBeLessThan(Budget.units)
})

test.runIf(!hasCorpus)('real configs: skipped, no corpus lies beside this checkout', () => {})
