import { Readable } from 'node:stream'
import { TestResult } from '@orrery/protocol'
import { expect, it } from 'vitest'
import { readReportRows } from './report-rows.ts'

async function read(text: string): Promise<TestResult[]> {
  const batches: TestResult[][] = []
  for await (const batch of readReportRows(Readable.from([text]), TestResult)) batches.push(batch)
  return batches.flat()
}

const one = { name: 'a', classname: 'A', runTime: 0.5, result: 'success' }

it('reads one result a line and fills the defaults in', async () => {
  const text = `${JSON.stringify(one)}\n\n${JSON.stringify({ ...one, result: 'failure', message: 'no' })}\r\n`
  expect(await read(text)).toEqual([
    { ...one, message: '', source: '' },
    { ...one, result: 'failure', message: 'no', source: '' },
  ])
})

it.each(['{', '{"name":1}', '[]', JSON.stringify({ ...one, runTime: -1 })])('names a bad line: %s', async (line) => {
  await expect(read(`${JSON.stringify(one)}\n${line}\n`)).rejects.toThrow('line 2')
})

it('hands out batches', async () => {
  const text = `${JSON.stringify(one)}\n`.repeat(4500)
  const sizes: number[] = []
  for await (const batch of readReportRows(Readable.from([text]), TestResult)) sizes.push(batch.length)
  expect(sizes).toEqual([2000, 2000, 500])
})
