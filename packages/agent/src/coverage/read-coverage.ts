import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { CoverageFormat, FileCoverage } from '@orrery/protocol'
import { reasonOf } from '../archive/index.ts'
import { readLcov } from './lcov.ts'
import { Tally } from './tally.ts'
import { readXmlCoverage } from './xml.ts'

/** `foreign`: a readable file that is no coverage report of a known kind. */
export type CoverageOutcome =
  | { ok: true; format: CoverageFormat; files: FileCoverage[] }
  | { ok: false; foreign: true }
  | { ok: false; error: string }

const mostBytes = 256 * 1024 * 1024

/** Names that coverage tools give their reports; what is in the file decides. */
export function isCoverageName(path: string): boolean {
  return /(^|\/)[^/]*(\.info|(lcov|cobertura|coverage|clover|jacoco)[^/]*\.xml)$/i.test(path)
}

/** Reads one report: LCOV, Cobertura, Clover or JaCoCo. Every fault is a value. */
export async function readCoverage(path: string): Promise<CoverageOutcome> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = await file.stat()
    if (!stat.isFile() || stat.size === 0) return { ok: false, foreign: true }
    if (stat.size > mostBytes) return { ok: false, error: `it has ${stat.size} bytes; at most ${mostBytes} are read` }
    const tally = new Tally()
    const bytes = file.createReadStream({ start: 0, end: stat.size - 1, autoClose: false })
    const format = path.toLowerCase().endsWith('.info')
      ? (await readLcov(bytes, tally)) && 'lcov'
      : await readXmlCoverage(bytes, tally)
    return format ? { ok: true, format, files: tally.sums() } : { ok: false, foreign: true }
  } catch (error) {
    return { ok: false, error: reasonOf(error) }
  }
}
