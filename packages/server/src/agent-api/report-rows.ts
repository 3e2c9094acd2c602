import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { OrreryError } from '@orrery/protocol'
import type { z } from 'zod'

/** Rows that are in memory and in one statement at a time. */
const batchSize = 2000

/**
 * Reads newline-delimited JSON, row by row checked by `schema`, in batches: a report may hold a million rows.
 * ORY_BAD_REQUEST names the first line that is not one.
 */
export async function* readReportRows<T>(bytes: Readable, schema: z.ZodType<T>): AsyncGenerator<T[]> {
  let batch: T[] = []
  let number = 0
  for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    if (line.trim() === '') continue
    const parsed = schema.safeParse(parseJson(line))
    if (!parsed.success) throw new OrreryError('ORY_BAD_REQUEST', [`line ${number} of the report is not understood`])
    batch.push(parsed.data)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
