import { durationSeconds } from './duration.ts'
import { type Expression, parseTemplate } from './parse.ts'
import { TemplateError } from './template-error.ts'

/** What templates may ask for. Functions read the task's environment at the moment of the step. */
export type KeyContext = {
  branch: string
  buildNum: number
  revision: string
  /** Fingerprint of the checkout key; empty when there is none. */
  checkoutKey: string
  /** Built-in, project and context variables; not those of the config or of steps. */
  environment: Readonly<Record<string, string>>
  /** For example `linux-amd64-6_62`. */
  arch: string
  /** Base64 of a file's SHA-256, or a sentence that says why not. */
  checksum: (path: string) => Promise<{ ok: true; sum: string } | { ok: false; error: string }>
  now: () => Date
}

export type RenderedKey = { ok: true; key: string } | { ok: false; error: string }

/** Longest key, in characters, after rendering (spec: execution.md 11.1). */
export const maxKeyLength = 900

type Value = string | number

/**
 * Renders a cache key (spec: execution.md 11.3). Errors come as values, because they never fail a step.
 *
 * `round` is not in the documentation of the format but in public configs, as `{{ epoch | round "72h" }}`: the number
 * of seconds, rounded down to a multiple of the duration, so that a key changes every so often.
 */
export async function renderKey(template: string, context: KeyContext): Promise<RenderedKey> {
  const parsed = parseTemplate(template)
  if (!parsed.ok) return parsed
  try {
    let key = ''
    for (const part of parsed.parts) {
      key += part.kind === 'literal' ? part.text : String(await evaluate(part.expression, part.source, context))
    }
    const length = [...key].length
    if (length > maxKeyLength) {
      return { ok: false, error: `the key has ${length} characters; at most ${maxKeyLength} are allowed` }
    }
    return key === '' ? { ok: false, error: 'the key is empty' } : { ok: true, key }
  } catch (error) {
    if (error instanceof TemplateError) return { ok: false, error: error.message }
    throw error
  }
}

async function evaluate(expression: Expression, source: string, context: KeyContext): Promise<Value> {
  switch (expression.kind) {
    case 'text':
    case 'number':
      return expression.value
    case 'field':
      return field(expression.path, source, context)
    case 'call': {
      const args: Value[] = []
      for (const arg of expression.args) args.push(await evaluate(arg, source, context))
      return call(expression.name, args, source, context)
    }
  }
}

function field(path: string[], source: string, context: KeyContext): Value {
  const [first = '', second] = path
  if (first === 'Environment' && second !== undefined && path.length === 2) {
    return Object.hasOwn(context.environment, second) ? (context.environment[second] ?? '') : '<no value>'
  }
  if (path.length === 1) {
    if (first === 'Branch') return context.branch
    if (first === 'BuildNum') return context.buildNum
    if (first === 'Revision') return context.revision
    if (first === 'CheckoutKey') return context.checkoutKey
  }
  throw new TemplateError(`${source}: there is no .${path.join('.')}`)
}

async function call(name: string, args: Value[], source: string, context: KeyContext): Promise<Value> {
  switch (name) {
    case 'arch':
      expectArguments(name, args, 0, source)
      return context.arch
    case 'epoch':
      expectArguments(name, args, 0, source)
      return Math.floor(context.now().getTime() / 1000)
    case 'checksum': {
      expectArguments(name, args, 1, source)
      const result = await context.checksum(String(args[0]))
      if (!result.ok) throw new TemplateError(`${source}: ${result.error}`)
      return result.sum
    }
    case 'round': {
      expectArguments(name, args, 2, source)
      const seconds = durationSeconds(String(args[0]))
      const value = Number(args[1])
      if (seconds === undefined || !Number.isFinite(value)) {
        throw new TemplateError(`${source}: round takes a duration such as "24h" and a number`)
      }
      return Math.floor(value / seconds) * seconds
    }
    default:
      throw new TemplateError(`${source}: function "${name}" is not defined`)
  }
}

function expectArguments(name: string, args: Value[], count: number, source: string): void {
  if (args.length === count) return
  throw new TemplateError(`${source}: ${name} takes ${count} argument${count === 1 ? '' : 's'}, not ${args.length}`)
}
