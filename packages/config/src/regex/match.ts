import { performance } from 'node:perf_hooks'
import type { World } from '../scope/types.ts'
import { type CompiledPattern, compilePattern, type Pattern } from './regex.ts'

/** For the patterns of one compile together, to be read and matched; a single match has its own, smaller limit. */
const maxTotalMs = 500

export const tookTooLong = {
  message: 'Regular expression took too long',
  hint: 'nested repetitions like (a+)+ are slow: write the pattern without them, or without lookaround and backreferences',
}

/** Reads a pattern of a config; when the time for patterns is used up, one that matches nothing in time. */
export function patternWithin(world: World, text: string): CompiledPattern {
  return (
    timed(world, () => compilePattern(text, world.options.regexDialect)) ?? { pattern: { matches: () => undefined } }
  )
}

/** Whether a pattern matches; undefined when that takes too long, alone or with the patterns before (C305). */
export function matchWithin(world: World, pattern: Pattern, subject: string): boolean | undefined {
  return timed(world, () => pattern.matches(subject))
}

function timed<T>(world: World, work: () => T): T | undefined {
  if (world.patternMs > maxTotalMs) return undefined
  const started = performance.now()
  const result = work()
  world.patternMs += performance.now() - started
  return result
}
