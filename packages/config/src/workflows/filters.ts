import { type Json, type JsonMap, textsJson } from '../emit/json.ts'
import { parseExpression, variablesOf } from '../expressions/parse.ts'
import { matchWithin, patternWithin, tookTooLong } from '../regex/match.ts'
import type { Pattern } from '../regex/regex.ts'
import { cut } from '../report/suggest.ts'
import type { Env, World } from '../scope/types.ts'
import { evaluateNode, hasTemplate } from '../templates/evaluate.ts'
import { lookUp } from '../templates/references.ts'
import { textOf } from '../templates/text.ts'
import { getPresent, isString, type YNode, type YScalar } from '../yaml/nodes.ts'
import { directExpression } from './conditions.ts'

/** The filters of an entry, as the compiled config keeps them and as they decide for this pipeline. */
export interface Filters {
  json: Json | undefined
  runs: boolean
}

/** Decides an entry's filters (spec: config-language.md 16.6). */
export function evaluateFilters(written: YNode | undefined, env: Env): Filters {
  const { ref } = env.world
  if (!written) return { json: undefined, runs: decide(ref, undefined, undefined) }
  if (isString(written)) {
    const runs = directExpression(written, env) ?? false
    return { json: standaloneExpression(written, env) ?? String(runs), runs }
  }
  const filters = evaluateNode(written, env)
  const branches = readSpecifiers(getPresent(filters, 'branches'), env)
  const tags = readSpecifiers(getPresent(filters, 'tags'), env)
  return { json: filtersJson(filters), runs: decide(ref, branches, tags) }
}

function filtersJson(filters: YNode): Json {
  const json: JsonMap = new Map()
  for (const kind of ['branches', 'tags']) {
    const node = getPresent(filters, kind)
    if (!node) continue
    const lists: JsonMap = new Map()
    for (const key of ['only', 'ignore']) {
      const value = getPresent(node, key)
      if (value) lists.set(key, textsJson(value))
    }
    json.set(kind, lists)
  }
  return json
}

/**
 * An expression that means the same without the config's own parameters, for the compiled config: they are replaced by
 * their values. Undefined when that cannot be written.
 */
function standaloneExpression(node: YScalar & { value: string }, env: Env): string | undefined {
  const { value: text } = node
  if (env.world.modern && hasTemplate(node)) return undefined
  const parsed = parseExpression(text)
  if ('fault' in parsed) return text
  let result = ''
  let done = 0
  for (const { name, start, end } of variablesOf(parsed.expression)) {
    if (isPipelineValue(name)) continue
    const found = lookUp(name, env, node)
    const literal = 'value' in found && found.value.kind === 'scalar' ? literalOf(found.value.value) : undefined
    if (literal === undefined) return undefined
    result += text.slice(done, start) + literal
    done = end
  }
  return result + text.slice(done)
}

function isPipelineValue(name: string): boolean {
  return name.startsWith('pipeline.') && !name.startsWith('pipeline.parameters.')
}

/** A value as the expression language writes it; it has neither null nor negative numbers. */
function literalOf(value: string | number | boolean | null): string | undefined {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || value < 0)) return undefined
  return value === null ? undefined : String(value)
}

interface Specifiers {
  only?: Specifier[]
  ignore?: Specifier[]
}

type Specifier = (name: string) => boolean

function decide(
  { branch, tag }: World['ref'],
  branches: Specifiers | undefined,
  tags: Specifiers | undefined,
): boolean {
  if (branch !== undefined && tag !== undefined && !branches) return !tags?.ignore?.some((matches) => matches(tag))
  if (tag !== undefined && branch === undefined) {
    if (!tags || (!tags.only && !tags.ignore)) return false
    return passes(tag, tags)
  }
  // A pipeline without any ref (a local run) is treated as one on a branch without a name.
  return !branches || passes(branch ?? '', branches)
}

function passes(name: string, { only, ignore }: Specifiers): boolean {
  if (only) return only.some((matches) => matches(name))
  return !ignore?.some((matches) => matches(name))
}

/** Whether a branch passes the filter of a scheduled workflow or of a version 2.0 job. */
export function branchPasses(branches: YNode | undefined, env: Env): boolean {
  const { branch } = env.world.ref
  const specifiers = readSpecifiers(branches, env)
  return !specifiers || passes(branch ?? '', specifiers)
}

function readSpecifiers(node: YNode | undefined, env: Env): Specifiers | undefined {
  if (!node) return undefined
  const only = getPresent(node, 'only')
  const ignore = getPresent(node, 'ignore')
  return {
    ...(only && { only: specifiers(only, env) }),
    ...(ignore && { ignore: specifiers(ignore, env) }),
  }
}

function specifiers(node: YNode, env: Env): Specifier[] {
  const list = node.kind === 'seq' ? node.items : [node]
  return list.map((item) => specifier(item, env))
}

function specifier(node: YNode, env: Env): Specifier {
  const { report } = env.world
  const text = textOf(node) ?? ''
  if (text.length < 2 || !text.startsWith('/') || !text.endsWith('/')) {
    if (/[*+?^$()[\]{}|\\]/.test(text)) {
      const message = `Filter ${cut(text)} looks like a regular expression but has no slashes`
      report.add('W927', node, message, { stack: env.stack, hint: `write /${cut(text)}/ to match by pattern` })
    }
    return (name) => name === text
  }
  const compiled = patternWithin(env.world, text.slice(1, -1))
  if ('pattern' in compiled) return (name) => matches(compiled.pattern, name, node, env)
  const message = `Invalid or unsupported regular expression: ${compiled.problem}`
  report.add('C304', node, message, { stack: env.stack })
  return () => false
}

function matches(pattern: Pattern, name: string, node: YNode, env: Env): boolean {
  const matched = matchWithin(env.world, pattern, name)
  if (matched !== undefined) return matched
  env.world.report.add('C305', node, tookTooLong.message, { stack: env.stack, hint: tookTooLong.hint })
  return false
}
