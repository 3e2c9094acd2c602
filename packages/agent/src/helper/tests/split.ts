import { stat } from 'node:fs/promises'
import { OrreryError } from '@orrery/protocol/errors'
import { debugOf, warn, warnOfEach } from '../say.ts'
import { share, type Weighted } from '../share.ts'
import { type EarlierTest, readResults } from './earlier.ts'
import type { SplitOptions } from './split-options.ts'
import { timeNames } from './timings.ts'

/** Names of an input: separated by blanks or line ends, whatever the mixture. */
export function namesIn(text: string): string[] {
  return text.split(/\s+/).filter((name) => name !== '')
}

/**
 * This node's part of the names, sorted (spec: execution.md 15.3). `earlier` is asked only when timings weigh. All that
 * is told goes to stderr.
 */
export async function splitNames(
  names: readonly string[],
  options: SplitOptions,
  earlier: () => Promise<readonly EarlierTest[]>,
): Promise<string[]> {
  const items = await weigh(names, options, earlier)
  const mine = share(items, options.index, options.total)
  if (options.showCounts) warn(`Read ${names.length} names, printing ${mine.length}`)
  const debug = debugOf(options.verbose)
  debug(`Node ${options.index} of ${options.total}: ${mine.length} of ${names.length} names, weighed by ${options.by}`)
  const weights = new Map(items.map(({ name, weight }) => [name, weight]))
  for (const name of mine) debug(`  ${name}: ${weights.get(name)}`)
  return mine
}

async function weigh(
  names: readonly string[],
  options: SplitOptions,
  earlier: () => Promise<readonly EarlierTest[]>,
): Promise<Weighted[]> {
  switch (options.by) {
    case 'name':
      return alike(names)
    case 'filesize':
      return await bySize(names)
    case 'timings': {
      const tests = options.timingsFile === undefined ? await earlier() : await timingsOf(options.timingsFile)
      const timed = timeNames(names, tests, { type: options.timingsType, defaultSeconds: options.defaultSeconds })
      if (!timed.ok) {
        if (names.length > 0) warn(timed.reason)
        return alike(names)
      }
      warnOfEach(timed.unknown, (name) => `No timing found for ${JSON.stringify(name)}`)
      return timed.items
    }
  }
}

function alike(names: readonly string[]): Weighted[] {
  return names.map((name) => ({ name, weight: 1 }))
}

async function bySize(names: readonly string[]): Promise<Weighted[]> {
  const missing: string[] = []
  const items: Weighted[] = []
  for (const name of names) {
    const found = await stat(name).catch(() => undefined)
    if (found === undefined) missing.push(name)
    items.push({ name, weight: found?.size ?? 0 })
  }
  warnOfEach(missing, (name) => `No file found for ${JSON.stringify(name)}`)
  return items
}

async function timingsOf(file: string): Promise<EarlierTest[]> {
  try {
    return await readResults(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new OrreryError('ORY_HELPER_USAGE', [`--timings-file cannot be used: ${reason}`], { cause: error })
  }
}
