import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import type { TestResult } from '@orrery/protocol'
import { reasonOf } from '../archive/index.ts'
import { parseCucumber } from './cucumber.ts'
import { parseJUnit, type ReportOutcome } from './junit.ts'

/** `foreign`: a readable file that is no test report of a known kind. */
export type ReadOutcome = ReportOutcome | { ok: false; foreign: true }

/** Bounds of one report: the XML reader keeps one element's text, the JSON reader the whole. */
export type ReportLimits = { xmlBytes: number; jsonBytes: number }
export const reportLimits: ReportLimits = { xmlBytes: 256 * 1024 * 1024, jsonBytes: 64 * 1024 * 1024 }

const kinds = new Map<string, 'xml' | 'json'>([
  ['.xml', 'xml'],
  ['.junit', 'xml'],
  ['.json', 'json'],
  ['.cucumber', 'json'],
])

/** True when a search through a directory should look into a file of this name. */
export function isReportName(path: string): boolean {
  return kinds.has(extname(path).toLowerCase())
}

/**
 * Reads one report file; the kind is told by its ending, else by its first character. Every fault is a value. Tests
 * found before a fault have been handed over.
 */
export async function readReport(
  path: string,
  onTest: (test: TestResult) => void,
  limits: ReportLimits = reportLimits,
): Promise<ReadOutcome> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = await file.stat()
    if (!stat.isFile()) return { ok: false, error: 'it is not a file', tests: 0 }
    const kind = kinds.get(extname(path).toLowerCase()) ?? (await sniff(file))
    if (kind === undefined) return { ok: false, foreign: true }
    const most = kind === 'xml' ? limits.xmlBytes : limits.jsonBytes
    if (stat.size > most) return { ok: false, error: `it has ${stat.size} bytes; at most ${most} are read`, tests: 0 }
    if (kind === 'json') return parseCucumber((await file.readFile('utf8')).replace(/^\ufeff/, ''), onTest)
    if (stat.size === 0) return { ok: false, error: 'it is empty', tests: 0 }
    // A report that still grows is read as far as it was when it was opened.
    return await parseJUnit(file.createReadStream({ start: 0, end: stat.size - 1, autoClose: false }), onTest)
  } catch (error) {
    return { ok: false, error: reasonOf(error), tests: 0 }
  }
}

async function sniff(file: Awaited<ReturnType<typeof open>>): Promise<'xml' | 'json' | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
  const first = buffer
    .toString('latin1', 0, bytesRead)
    .replace(/[^\x21-\x7e]/g, '')
    .at(0)
  if (first === '<') return 'xml'
  return first === '[' ? 'json' : undefined
}
