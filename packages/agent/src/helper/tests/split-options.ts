import { OrreryError } from '@orrery/protocol/errors'
import type { Flag, Parsed } from '../flags.ts'
import { secondsOf } from './duration.ts'
import { type TimingsType, timingsTypeOf } from './timings.ts'

/** Flags that `tests split` and `tests run` share (spec: execution.md 15.3, 15.4). */
export const splitFlags: Record<string, Flag> = {
  index: { type: 'string', value: 'N', help: 'this node, from 0 (default: CIRCLE_NODE_INDEX)' },
  total: { type: 'string', value: 'N', help: 'number of nodes (default: CIRCLE_NODE_TOTAL)' },
  'split-by': { type: 'string', value: 'name|filesize|timings', help: 'what weighs (default: name)' },
  'timings-type': {
    type: 'string',
    value: 'filename|classname|testname|autodetect',
    help: 'what the names are (default: autodetect: files or classes)',
  },
  'time-default': { type: 'string', value: 'DURATION', help: 'weight of tests that were never seen (default: 0s)' },
  'timings-file': { type: 'string', value: 'FILE', help: 'results of earlier runs, instead of those of this project' },
  'show-counts': { type: 'boolean', help: 'tell on stderr how many names were read and dealt' },
}

export interface SplitOptions {
  index: number
  total: number
  by: 'name' | 'filesize' | 'timings'
  timingsType: TimingsType
  defaultSeconds: number
  timingsFile: string | undefined
  showCounts: boolean
  verbose: boolean
}

/** As many nodes as one job can have, with room; a mistyped number must not eat the memory of the place. */
const mostNodes = 100_000

export function splitOptions(parsed: Parsed): SplitOptions {
  const total = wholeNumber('total', parsed.text('total') ?? (process.env['CIRCLE_NODE_TOTAL'] || '1'))
  const index = wholeNumber('index', parsed.text('index') ?? (process.env['CIRCLE_NODE_INDEX'] || '0'))
  if (total < 1) throw usage('--total must be at least 1')
  if (total > mostNodes) throw usage(`--total must be at most ${mostNodes}`)
  if (index >= total) throw usage(`--index must be less than --total (${total})`)
  const by = parsed.text('split-by') ?? 'name'
  if (by !== 'name' && by !== 'filesize' && by !== 'timings') {
    throw usage(`--split-by is ${JSON.stringify(by)}, but must be name, filesize or timings`)
  }
  const type = parsed.text('timings-type') ?? 'autodetect'
  const timingsType = timingsTypeOf(type)
  if (timingsType === undefined) {
    throw usage(`--timings-type is ${JSON.stringify(type)}, but must be filename, classname, testname or autodetect`)
  }
  const time = parsed.text('time-default') ?? '0s'
  const defaultSeconds = secondsOf(time)
  if (defaultSeconds === undefined) {
    throw usage(`--time-default is ${JSON.stringify(time)}, but must be a duration such as 10s or 1m30s`)
  }
  return {
    index,
    total,
    by,
    timingsType,
    defaultSeconds,
    timingsFile: parsed.text('timings-file'),
    showCounts: parsed.given('show-counts'),
    verbose: parsed.given('verbose'),
  }
}

function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw usage(`--${flag} is ${JSON.stringify(text)}, but must be a whole number`)
  return Number(text)
}

function usage(sentence: string): OrreryError {
  return new OrreryError('ORY_HELPER_USAGE', [sentence])
}
