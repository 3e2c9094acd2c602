import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maskerFor } from '@orrery/protocol/masking'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LogFile } from '../spool/log-file.ts'
import { LogTail } from './log-tail.ts'
import { LongLines } from './long-lines.ts'
import { StepLog } from './step-log.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orrery-log-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function logOf(limit: number, chunks: Iterable<Buffer>, secrets: string[] = []): Promise<string> {
  const path = join(directory, 'log')
  const file = new LogFile(path, 101, 0)
  const log = new StepLog(file, maskerFor(secrets)(), limit)
  for (const chunk of chunks) log.push(chunk)
  const receipt = await log.end()
  await file.close()
  const text = await readFile(path)
  expect(receipt.bytes).toBe(text.length)
  expect(receipt.bytes).toBeLessThanOrEqual(limit)
  return text.toString('latin1')
}

it('keeps head and tail of an output that is too long, with a notice between (18.1)', async () => {
  const lines = Array.from({ length: 2000 }, (_, index) => Buffer.from(`line ${index}\n`))

  const log = await logOf(10_000, lines)

  expect(log.startsWith('line 0\nline 1\n')).toBe(true)
  expect(log.endsWith('\nline 1998\nline 1999\n')).toBe(true)
  expect(log).toContain('[The output is longer than 10000 bytes. Its last lines follow when the step ends.]\n')
  const all = Buffer.concat(lines).toString()
  const [head = '', tail = ''] = log.split(/\n\[The output.*\]\n/)
  const [notice = '', ...last] = tail.split(/(?<=\]\n)/)
  const dropped = Number(/^\[(?<count>\d+) bytes are not kept\.\]/.exec(notice)?.groups?.['count'])
  expect(all.startsWith(head)).toBe(true)
  expect(all.endsWith(last.join(''))).toBe(true)
  expect(head.length + dropped + last.join('').length).toBe(all.length)
})

it('masks in the tail as in the head', async () => {
  const lines = Array.from({ length: 2000 }, () => Buffer.from('a supersecret line\n'))
  expect(await logOf(10_000, lines, ['supersecret'])).not.toContain('supersecret')
})

it('splits a line behind 64 KiB and drops nothing (18.1)', async () => {
  const log = await logOf(1_000_000, [Buffer.from(`${'x'.repeat(150_000)}\nshort\n`)])
  expect(log.split('\n').map((line) => line.length)).toEqual([65_536, 65_536, 18_928, 5, 0])
})

it('splits the same lines wherever the chunks are cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 80 })
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 9 })), (all, sizes) => {
      const lines = new LongLines(7)
      let out = ''
      const emit = (bytes: Buffer): boolean => {
        out += bytes.toString()
        return true
      }
      let rest = Buffer.from(all)
      for (const size of sizes) {
        lines.push(rest.subarray(0, size), emit)
        rest = rest.subarray(size)
      }
      lines.push(rest, emit)
      expect(out).toBe(all.replace(/([^\n]{7})(?=[^\n])/g, '$1\n'))
    }),
  )
})

it('counts what a tail dropped', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 30 })), fc.integer({ min: 1, max: 40 }), (parts, size) => {
      const tail = new LogTail(size)
      for (const part of parts) tail.push(Buffer.from(part))
      const all = Buffer.from(parts.join(''))
      const { dropped, bytes } = tail.take()
      expect(bytes.length).toBeLessThanOrEqual(size)
      expect(bytes.equals(all.subarray(dropped))).toBe(true)
    }),
  )
})
