import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Tally } from './tally.ts'

/**
 * LCOV's trace files: `SF:` opens a source file, `DA:line,hits` and `BRDA:line,block,branch,taken` say what ran. The
 * sums in `LF`, `LH`, `BRF` and `BRH` are not believed, because one file may have several records.
 * @throws Error when a record is malformed. @returns false when the text is no trace file.
 */
export async function readLcov(bytes: Readable, tally: Tally): Promise<boolean> {
  let file: string | undefined
  let known = false
  for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY })) {
    const [, key, value = ''] = /^([A-Z]+):(.*)$/.exec(line.trim()) ?? []
    if (key === 'SF') {
      file = value
      known = true
      tally.open(file)
    } else if (key === 'DA') {
      const [number, hits] = fields(value, file)
      tally.line(file ?? '', number, Number(hits) > 0)
    } else if (key === 'BRDA') {
      const [number, block, branch, taken] = fields(value, file)
      tally.branches(file ?? '', `${number},${block},${branch}`, Number(taken) > 0 ? 1 : 0, 1)
    } else if (line.trim() === 'end_of_record') file = undefined
    else if (!known && line.trim() !== '' && key === undefined && !line.startsWith('#')) return false
  }
  return known
}

function fields(value: string, file: string | undefined): [string, ...string[]] {
  const [first = '', ...rest] = value.split(',')
  if (file === undefined) throw new Error('a record stands outside of a file')
  if (!/^\d+$/.test(first) || rest.length === 0)
    throw new Error(`the record ${JSON.stringify(value.slice(0, 80))} is malformed`)
  return [first, ...rest]
}
