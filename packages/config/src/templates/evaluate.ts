import { evaluateExpression } from '../expressions/evaluate.ts'
import { parseExpression } from '../expressions/parse.ts'
import type { Code } from '../report/catalogue.ts'
import { cut } from '../report/suggest.ts'
import { type Env, nodeOf, type Value } from '../scope/types.ts'
import { isString, makeMap, makeSeq, scalarAt, type YMap, type YNode, type YScalar, type YSeq } from '../yaml/nodes.ts'
import { lexTemplate, type Part } from './lex.ts'
import { tagRange } from './position.ts'
import { isReference, lookUp } from './references.ts'
import { isTruthy, textOf } from './text.ts'

type Templated = YScalar & { value: string }
type Tag = Extract<Part, { kind: 'tag' }>

/** Raised inside one string after its fault was reported: the string has no value. */
class Faulty extends Error {}

export function hasTemplate(node: YNode): node is Templated {
  return isString(node) && node.value.includes('<<')
}

/**
 * The value of a node in a scope (spec: config-language.md 6.3). A string that is exactly one tag gives the typed value,
 * which can be a closure; inside lists and maps closures lose their scope. A faulty string is reported and comes back
 * as a `broken` null. Without templates (version 2.0) a node is its own value.
 */
export function evaluate(node: YNode, env: Env): Value {
  if (!env.world.modern) return node
  if (node.kind === 'scalar') return hasTemplate(node) ? evaluateString(node, env) : node
  return containsTemplate(node) ? rebuild(node, env) : node
}

/** Like `evaluate`, for places where steps and executors mean nothing more than their text. */
export function evaluateNode(node: YNode, env: Env): YNode {
  return nodeOf(evaluate(node, env))
}

/** Whether a node holds any template; remembered, because bodies are evaluated once per invocation. */
export function containsTemplate(node: YNode): boolean {
  if (node.kind === 'scalar') return hasTemplate(node)
  node.templated ??= node.kind === 'seq' ? node.items.some(containsTemplate) : someValue(node, containsTemplate)
  return node.templated
}

/** Whether a value is what was written: no template gave it or a part of it. May say no where it is. */
export function isLiteral(node: YNode): boolean {
  if (node.kind !== 'scalar') return node.templated === false
  return node.from === undefined && !node.substituted && !node.broken
}

function someValue({ entries }: YMap, test: (value: YNode) => boolean): boolean {
  for (const { value } of entries.values()) if (test(value)) return true
  return false
}

/** What a copied entry and an evaluated text take of the memory, in characters, besides the text itself. */
const costOfEntry = 48
const costOfText = 256

function rebuild(node: YSeq | YMap, env: Env): YNode {
  env.world.budget.spend(costOfEntry * (node.kind === 'seq' ? node.items.length : node.entries.size), node)
  if (node.kind === 'seq') {
    return makeSeq(
      node,
      node.items.map((item) => evaluateNode(item, env)),
    )
  }
  const entries = new Map<string, { key: YScalar; value: YNode }>()
  for (const [name, pair] of node.entries) entries.set(name, { key: pair.key, value: evaluateNode(pair.value, env) })
  return makeMap(node, entries)
}

function evaluateString(node: Templated, env: Env): Value {
  const parts = partsOf(node)
  try {
    const only = parts.length === 1 ? parts[0] : undefined
    if (only?.kind === 'tag' && !/^[#^/!]/.test(only.body)) {
      const value = tagValue(only, node, env)
      if (value.kind !== 'scalar') return value
      env.world.budget.spend(costOfText + value.text.length, node)
      // The value stands where its tag stands: messages about it name the place of use.
      const from = [{ name: only.body, node: value }]
      return scalarAt(node, value.value, { text: value.text, substituted: true, broken: value.broken, from })
    }
    const renderer = new Renderer(node, env)
    const text = renderer.render(parts)
    env.world.budget.spend(costOfText + text.length, node)
    return scalarAt(node, text, { from: renderer.from })
  } catch (error) {
    if (!(error instanceof Faulty)) throw error
    return scalarAt(node, null, { broken: true })
  }
}

function partsOf(node: Templated): Part[] {
  node.parts ??= lexTemplate(node.value)
  return node.parts
}

function fail(code: Code, message: string, node: Templated, start: number, env: Env, hint?: string): never {
  const range = tagRange(node, node.value, start)
  env.world.report.add(code, node, message, { range, stack: env.stack, ...(hint === undefined ? {} : { hint }) })
  throw new Faulty()
}

/** Renders parts to text, with sections (6.4). */
class Renderer {
  readonly from: NonNullable<YScalar['from']> = []
  readonly #node: Templated
  readonly #env: Env

  constructor(node: Templated, env: Env) {
    this.#node = node
    this.#env = env
  }

  render(parts: Part[]): string {
    const open: { name: string; start: number; kept: boolean }[] = []
    let text = ''
    for (const part of parts) {
      const kept = open.at(-1)?.kept ?? true
      if (part.kind === 'text') text += kept ? part.text : ''
      else if (part.kind === 'unclosed') this.#unclosed(part.start)
      else if (/^[#^]/.test(part.body)) open.push(this.#section(part, kept))
      else if (part.body.startsWith('/')) this.#close(part, open.pop())
      else if (kept && !part.body.startsWith('!')) text += this.#insert(part)
    }
    const left = open.pop()
    if (left) this.#fail('C314', `Section tags do not match: opened ${left.name}, closed nothing`, left.start)
    return text
  }

  #fail(code: Code, message: string, start: number, hint?: string): never {
    fail(code, message, this.#node, start, this.#env, hint)
  }

  #unclosed(start: number): never {
    const shown = cut(this.#node.value)
    const message = `Unclosed '<<' tag in string: '${shown}' ('<<' must be escaped as '\\<<' in config v2.1+)`
    this.#fail('C310', message, start, 'write \\<< for a literal <<, for example in a shell heredoc')
  }

  #section(tag: Tag, outer: boolean): { name: string; start: number; kept: boolean } {
    const name = tag.body.slice(1).trim()
    if (!isReference(name, this.#env)) this.#fail('C311', `Unknown tag << ${cut(tag.body)} >>`, tag.start)
    const truthy = isTruthy(tagValue({ ...tag, body: name }, this.#node, this.#env))
    return { name, start: tag.start, kept: outer && truthy === tag.body.startsWith('#') }
  }

  #close(tag: Tag, section: { name: string } | undefined): void {
    const name = tag.body.slice(1).trim()
    if (section?.name === name) return
    this.#fail('C314', `Section tags do not match: opened ${section?.name ?? 'nothing'}, closed ${name}`, tag.start)
  }

  #insert(tag: Tag): string {
    const value = tagValue(tag, this.#node, this.#env)
    this.from.push({ name: tag.body, node: nodeOf(value) })
    const text = textOf(value)
    if (text !== undefined) return text
    const what = value.kind === 'seq' || value.kind === 'steps' ? 'list' : 'map'
    this.#fail('C312', `A ${what} cannot be inserted into text`, tag.start)
  }
}

function tagValue(tag: Tag, node: Templated, env: Env): Value {
  const { body, start } = tag
  if (isReference(body, env)) return reference(body, start, node, env)
  if (/^include\s*\(/.test(body)) {
    fail('C313', '`include` works only in orb sources before packing', node, start, env, 'write the text itself here')
  }
  const parsed = parseExpression(body)
  if ('fault' in parsed) {
    const looksLikeOne = /(?:pipeline|parameters|matrix)\.|\s(?:==|!=|and|or|matches)\s|^not\s/.test(body)
    if (looksLikeOne)
      fail('C301', `Expression syntax error: ${parsed.fault.message}`, node, start, env, parsed.fault.hint)
    const bare = /^[A-Za-z][\w-]*$/.test(body)
    const hint = bare ? `did you mean parameters.${body}? A literal << is written \\<<` : 'a literal << is written \\<<'
    fail('C311', `Unknown tag << ${cut(body)} >>`, node, start, env, hint)
  }
  const result = evaluateExpression(parsed.expression, env, node)
  if ('fault' in result) fail(result.fault.code, result.fault.message, node, start, env, result.fault.hint)
  return result.value
}

function reference(name: string, start: number, node: Templated, env: Env): Value {
  const found = lookUp(name, env, node)
  if ('value' in found) return found.value
  if ('fault' in found) fail(found.fault.code, found.fault.message, node, start, env, found.fault.hint)
  const range = tagRange(node, node.value, start)
  const message = `${found.undefinedName} has no value in this pipeline and was treated as null`
  env.world.report.add('W902', node, message, { range, stack: env.stack })
  return scalarAt(node, null, { substituted: true })
}
