import type { CompileInput, CompileResult, OrbResolver } from '../src/compile-types.ts'
import type { Diagnostic } from '../src/diagnostics.ts'
import { compile, defaultCompileOptions, diagnosticCatalogue, formatDiagnostic } from '../src/index.ts'
import { pushToMain } from '../src/testing/compile.ts'

const file = 'config.yml'
/** Generous, because other work may share the machine; an endless loop or exponential time is what it catches. */
const maxMs = 10_000

export interface Checked {
  result: CompileResult
  ms: number
}

/** Compiles a text twice and throws when anything about the answers is not as the contract says. */
export async function checkCompile(text: string, orbs: OrbResolver, recompile: boolean): Promise<Checked> {
  const started = performance.now()
  const result = await compileOnce(text, orbs)
  const ms = performance.now() - started
  const again = await compileOnce(text, orbs)
  demand(JSON.stringify(result) === JSON.stringify(again), 'the second compile gave another answer')
  demand(ms < maxMs, `took ${Math.round(ms)} ms`)
  const errors = result.diagnostics.filter((one) => one.severity === 'error')
  demand(result.ok === (errors.length === 0), 'ok does not say whether there are errors')
  demand((result.plan !== undefined) === result.ok, 'a plan is there exactly when it is ok')
  demand(result.diagnostics.length <= 200, `${result.diagnostics.length} diagnostics`)
  const lines = text.split(/\n/)
  for (const diagnostic of result.diagnostics) checkDiagnostic(diagnostic, text, lines)
  for (const workflow of result.plan?.workflows ?? []) {
    const seen = new Set<string>()
    for (const job of workflow.jobs) {
      for (const one of job.requires) demand(seen.has(one.job), `${job.name} requires ${one.job}, which comes later`)
      seen.add(job.name)
    }
    demand(seen.size === workflow.jobs.length, 'two jobs of a workflow have one name')
  }
  if (recompile && result.compiled !== undefined) await checkAgain(result, result.compiled)
  return { result, ms }
}

/** The compiled config means the same again (22.1). */
async function checkAgain(result: CompileResult, compiled: string): Promise<void> {
  if (result.plan?.workflows.length === 0) return
  const second = await compileOnce(compiled, { resolve: async () => ({ ok: false, reason: 'none' }) })
  const names = (one: CompileResult) => one.plan?.workflows.map((workflow) => workflow.jobs.map((job) => job.name))
  const first = second.diagnostics.find((one) => one.severity === 'error')
  demand(second.ok, `the compiled config does not compile: ${first?.code} ${first?.message}`)
  demand(JSON.stringify(names(second)) === JSON.stringify(names(result)), 'the compiled config has other jobs')
}

function compileOnce(text: string, orbResolver: OrbResolver): Promise<CompileResult> {
  const input: CompileInput = {
    source: { text, file },
    pipelineValues: pushToMain,
    pipelineArgs: {},
    phase: 'initial',
    orbResolver,
    options: { ...defaultCompileOptions, undeclaredPipelineParams: 'null' },
  }
  return compile(input)
}

function checkDiagnostic(diagnostic: Diagnostic, text: string, lines: string[]): void {
  const { code, message, hint, range, path } = diagnostic
  const label = `${code} ${message.slice(0, 200)}`
  demand(Object.hasOwn(diagnosticCatalogue, code), `unknown code ${code}`)
  demand(/\S/.test(message) && !/[\r\n]$/.test(message) && message.length < 2000, `bad message: ${label}`)
  demand(hint === undefined || (hint !== '' && hint.length < 2000), `bad hint: ${label}`)
  demand(path === '' || path.startsWith('/'), `bad path ${path}: ${label}`)
  demand(compare(range.start, range.end) <= 0, `ends before it starts: ${label}`)
  if (diagnostic.file === file) {
    for (const { line, column } of [range.start, range.end]) {
      const length = [...(lines[line - 1] ?? '')].length
      demand(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${label}`)
      demand(column >= 1 && column <= length + 1, `column ${column} of ${length} in line ${line}: ${label}`)
    }
  }
  demand(formatDiagnostic(diagnostic, text).includes(code), `cannot be written: ${label}`)
}

function compare(a: { line: number; column: number }, b: { line: number; column: number }): number {
  return a.line - b.line || a.column - b.column
}

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}
