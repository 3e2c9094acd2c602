import { type Context, createContext, Script } from 'node:vm'

const budgetMs = 100

const script = new Script('new RegExp(source, "u").test(subject)')
const sandbox = { source: '', subject: '' }
let context: Context | undefined

/**
 * Whether a translated pattern matches the whole subject, by JavaScript's own backtracking engine, which can take
 * exponential time: it runs under a watchdog that ends it. Undefined when it took longer than 100 ms
 * (spec: config-language.md 9.7).
 */
export function backtrack(source: string, subject: string): boolean | undefined {
  context ??= createContext(sandbox, { codeGeneration: { strings: false, wasm: false } })
  sandbox.source = `^(?:${source})$`
  sandbox.subject = subject
  try {
    return Boolean(script.runInContext(context, { timeout: budgetMs }))
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException
    // The engine's own stack can overflow before the time is over.
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' || name === 'RangeError') return undefined
    throw error
  }
}
