import { RE2JS, RE2JSException } from 're2js'
import type { CompileOptions } from '../compile-types.ts'
import { backtrack } from './backtrack.ts'
import { groupEnd, hasTopLevelBar } from './structure.ts'
import { translatePattern } from './translate.ts'

/** A pattern as users write it; matching is always against the whole subject (spec: config-language.md 9.7). */
export interface Pattern {
  /** Undefined when the answer would take too long (C305). */
  matches(subject: string): boolean | undefined
}

/** `problem` completes the sentence "Invalid or unsupported regular expression: …" (C304). */
export type CompiledPattern = { pattern: Pattern } | { problem: string }

const maxLinearLength = 128
const maxLength = 10_000
/** Instructions times characters: about a tenth of a second. */
const maxLinearWork = 5_000_000
const maxKnown = 500

const known = new Map<string, CompiledPattern>()

/** Compiles a pattern; configs repeat a few patterns many times, so some are remembered. */
export function compilePattern(text: string, dialect: CompileOptions['regexDialect']): CompiledPattern {
  const key = `${dialect} ${text}`
  const earlier = known.get(key)
  if (earlier) return earlier
  const compiled = compileNew(text, dialect)
  if (known.size >= maxKnown) known.clear()
  known.set(key, compiled)
  return compiled
}

/**
 * A linear-time engine does what it can: everything but lookaround, backreferences, possessive and atomic parts. Those
 * are for a backtracking engine under a time limit, and refused in the `linear` dialect.
 */
function compileNew(text: string, dialect: CompileOptions['regexDialect']): CompiledPattern {
  const limit = dialect === 'linear' ? maxLinearLength : maxLength
  if (text.length > limit && [...text].length > limit) {
    return { problem: `longer than ${limit} characters at offset ${limit}` }
  }
  const problem = tooRepetitive(text) ?? intersection(text)
  if (problem !== undefined) return { problem }
  try {
    return { pattern: dialect === 'permissive' ? withLookAheads(text) : linear(RE2JS.compile(text)) }
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return dialect === 'permissive' ? backtracking(text, error) : { problem: describe(error, text) }
  }
}

/** The linear engine writes counted repetitions out: `(a{1000}){1000}` would be a million instructions. */
function tooRepetitive(text: string): string | undefined {
  let product = 1
  for (const { 0: whole, 1: low = '', 2: high = '', index } of text.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    const count = Number(high || low)
    if (count > 1000) return `a repetition of more than 1000: ${whole} at offset ${index}`
    product += count * Math.min(100, text.length / 10)
    if (product > 1_000_000) return `too many counted repetitions at offset ${index}`
  }
  return undefined
}

/** To Java `[a-z&&[^b]]` is an intersection; other engines would take it for something else without a word. */
function intersection(text: string): string | undefined {
  const found = /\[(?:[^\]\\]|\\.)*?&&/.exec(text)
  return found ? `classes cannot be intersected with && at offset ${found.index}` : undefined
}

function linear(regex: RE2JS): Pattern {
  const size = regex.programSize()
  return {
    matches: (subject) => (size * subject.length > maxLinearWork ? undefined : regex.matches(subject)),
  }
}

/**
 * Lookaheads at the very start of a pattern, the usual way to say "any branch but", are tried on their own, which keeps
 * matching linear.
 */
function withLookAheads(text: string): Pattern {
  const { lookAheads, rest } = splitLookAheads(text)
  const pattern = linear(RE2JS.compile(rest))
  if (lookAheads.length === 0) return pattern
  const size = lookAheads.reduce((sum, { regex }) => sum + regex.programSize(), 0)
  return {
    matches: (subject) => {
      if (size * subject.length > maxLinearWork) return undefined
      const passes = lookAheads.every((one) => one.regex.matcher(subject).lookingAt() !== one.negative)
      return passes && pattern.matches(subject)
    },
  }
}

function backtracking(text: string, refused: RE2JSException): CompiledPattern {
  const translation = translatePattern(text)
  if ('problem' in translation) return { problem: `${translation.problem} at offset ${translation.offset}` }
  const { source } = translation
  try {
    new RegExp(`^(?:${source})$`, 'u')
  } catch {
    return { problem: describe(refused, text) }
  }
  return { pattern: { matches: (subject) => backtrack(source, subject) } }
}

function describe(error: RE2JSException, text: string): string {
  const lookaround = /\(\?(?:[=!]|<[=!])/.exec(text)
  if (lookaround) return `lookaround is not supported in the linear dialect, at offset ${lookaround.index}`
  const fragment = /`([\s\S]*)`$/.exec(error.message)?.[1] ?? ''
  const offset = Math.max(0, fragment === '' ? 0 : text.indexOf(fragment))
  return `${error.message.replace(/^error parsing regexp: /, '')} at offset ${offset}`
}

interface LookAhead {
  negative: boolean
  regex: RE2JS
}

/** Cuts `(?!…)` and `(?=…)` off the start, unless a top-level `|` would make them part of one branch only. */
function splitLookAheads(text: string): { lookAheads: LookAhead[]; rest: string } {
  const lookAheads: LookAhead[] = []
  let rest = text.replace(/^\^+/, '')
  while (/^\(\?[!=]/.test(rest)) {
    const end = groupEnd(rest)
    if (end === -1) break
    lookAheads.push({ negative: rest[2] === '!', regex: RE2JS.compile(rest.slice(3, end)) })
    rest = rest.slice(end + 1)
  }
  if (lookAheads.length === 0 || hasTopLevelBar(rest) || /^[*+?{]/.test(rest)) return { lookAheads: [], rest: text }
  return { lookAheads, rest }
}
