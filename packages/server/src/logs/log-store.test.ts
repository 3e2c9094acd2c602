import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LogName, LogStore } from './log-store.ts'

let root: string
let logs: LogStore
let name: LogName
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'orrery-logs-'))
  logs = new LogStore(root, 1000)
  name = { taskId: randomUUID(), step: 101, attempt: 0 }
})
afterEach(() => rm(root, { recursive: true }))

async function* bytes(...chunks: string[]) {
  for (const chunk of chunks) {
    await setImmediate()
    yield Buffer.from(chunk)
  }
}
const stored = async () => (await logs.read(name, 0, 1000)).toString()
const receiptOf = (text: string) => ({
  bytes: Buffer.byteLength(text),
  lines: text.split('\n').length - 1,
  sha256: createHash('sha256').update(text).digest('hex'),
})

describe('a log', () => {
  it.each([
    [
      'in order',
      [
        [0, 'abc'],
        [3, 'def'],
      ],
      'abcdef',
    ],
    [
      'a repeated request',
      [
        [0, 'abc'],
        [0, 'abc'],
      ],
      'abc',
    ],
    [
      'an overlap',
      [
        [0, 'abcd'],
        [2, 'cdef'],
      ],
      'abcdef',
    ],
    [
      'an old part',
      [
        [0, 'abcdef'],
        [1, 'bc'],
      ],
      'abcdef',
    ],
    ['nothing', [[0, '']], ''],
  ] as [string, [number, string][], string][])('stores %s once', async (_, requests, expected) => {
    for (const [offset, text] of requests) await logs.append(name, offset, bytes(text))
    expect(await stored()).toBe(expected)
  })

  it('names the stored size and writes nothing behind a gap', async () => {
    await logs.append(name, 0, bytes('abc'))
    expect(await logs.append(name, 5, bytes('x'))).toEqual({ size: 3, gap: true })
    expect(await logs.append(name, 5, bytes())).toEqual({ size: 3, gap: true })
    expect(await stored()).toBe('abc')
  })

  it('mixes no bytes of requests that overlap in time', async () => {
    const text = Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join('')
    const pieces = text.match(/.{1,7}/gs) ?? []
    await Promise.all([1, 2, 3].map(() => logs.append(name, 0, bytes(...pieces))))
    expect(await stored()).toBe(text)
    await logs.verify(name, receiptOf(text))
  })

  it('keeps what a broken request had sent', async () => {
    async function* broken() {
      yield Buffer.from('abc')
      throw new Error('connection reset')
    }
    await expect(logs.append(name, 0, broken())).rejects.toThrow('connection reset')
    expect(await logs.append(name, 0, bytes('abcdef'))).toEqual({ size: 6, gap: false })
    await logs.verify(name, receiptOf('abcdef'))
  })

  it('checks a receipt after a restart, from the file', async () => {
    await logs.append(name, 0, bytes('one\n'))
    logs = new LogStore(root, 1000)
    await logs.append(name, 4, bytes('two\n'))
    await logs.verify(name, receiptOf('one\ntwo\n'))
  })

  it('keeps a log that is merely short, and drops one that is wrong', async () => {
    await logs.append(name, 0, bytes('one\n'))
    await expect(logs.verify(name, receiptOf('one\ntwo\n'))).rejects.toMatchObject({ code: 'ORY_RECEIPT' })
    expect(await stored()).toBe('one\n')
    await expect(logs.verify(name, receiptOf('eno\n'))).rejects.toMatchObject({ code: 'ORY_RECEIPT' })
    expect(await stored()).toBe('')
    await logs.append(name, 0, bytes('eno\n'))
    await logs.verify(name, receiptOf('eno\n'))
  })

  it('counts lines too', async () => {
    await logs.append(name, 0, bytes('one\n'))
    await expect(logs.verify(name, { ...receiptOf('one\n'), lines: 2 })).rejects.toMatchObject({ code: 'ORY_RECEIPT' })
  })

  it('is sealed by its receipt, over a restart', async () => {
    await logs.append(name, 0, bytes('one\n'))
    await logs.verify(name, receiptOf('one\n'))
    logs = new LogStore(root, 1000)
    expect(await logs.append(name, 0, bytes('one\n'))).toEqual({ size: 4, gap: false })
    await expect(logs.append(name, 4, bytes('more'))).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
    await expect(logs.verify(name, receiptOf('else'))).rejects.toMatchObject({ code: 'ORY_RECEIPT' })
    expect(await stored()).toBe('one\n')
    await logs.verify(name, receiptOf('one\n'))
  })

  it('of a silent step needs no file', async () => {
    await logs.verify(name, receiptOf(''))
    expect(await logs.stream(name)).toBeNull()
  })

  it('keeps what a request had sent before it broke', async () => {
    async function* broken() {
      yield* bytes('a', 'b')
      throw new Error('hung up')
    }
    await expect(logs.append(name, 0, broken())).rejects.toThrow('hung up')
    expect(await stored()).toBe('ab')
  })

  it('has a largest size', async () => {
    await expect(logs.append(name, 0, bytes('x'.repeat(1001)))).rejects.toMatchObject({ code: 'ORY_TOO_LARGE' })
    expect(await logs.size(name)).toBe(0)
  })

  it('wakes readers at each write and not after they left', async () => {
    let woken = 0
    const leave = logs.listen(name, () => void woken++)
    await logs.append(name, 0, bytes('a'))
    await logs.append(name, 1, bytes('b'))
    leave()
    await logs.append(name, 2, bytes('c'))
    expect(woken).toBe(2)
  })

  it('lies where the operator can find it', async () => {
    await logs.append(name, 0, bytes('hello'))
    expect(await readFile(join(root, name.taskId, '101-0.log'), 'utf8')).toBe('hello')
    await writeFile(join(root, name.taskId, '101-0.log'), 'jello')
    await expect(new LogStore(root, 1000).verify(name, receiptOf('hello'))).rejects.toMatchObject({
      code: 'ORY_RECEIPT',
    })
  })
})

describe('a whole log that comes with its receipt', () => {
  it('is stored, sealed and told to readers', async () => {
    let woken = 0
    logs.listen(name, () => void woken++)

    await logs.store(name, Buffer.from('one\n'), receiptOf('one\n'))

    expect([await stored(), woken]).toEqual(['one\n', 1])
    await expect(logs.append(name, 4, bytes('more'))).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
  })

  it('may come again, over a restart, and behind a part of it or all of it', async () => {
    for (const before of ['', 'on', 'one\n']) {
      const at = { ...name, step: 200 + before.length }
      await logs.append(at, 0, bytes(before))
      for (let time = 0; time < 2; time += 1) {
        await logs.store(at, Buffer.from('one\n'), receiptOf('one\n'))
        logs = new LogStore(root, 1000)
      }
      expect((await logs.read(at, 0, 1000)).toString()).toBe('one\n')
    }
  })

  it('is refused when it does not match, or other bytes are stored', async () => {
    const refusal = { code: 'ORY_RECEIPT' }
    await expect(logs.store(name, Buffer.from('eno\n'), receiptOf('one\n'))).rejects.toMatchObject(refusal)
    expect(await stored()).toBe('')

    await logs.append(name, 0, bytes('else'))
    await expect(logs.store(name, Buffer.from('one\n'), receiptOf('one\n'))).rejects.toMatchObject(refusal)
    await logs.store(name, Buffer.from('one\n'), receiptOf('one\n'))
    expect(await stored()).toBe('one\n')
  })

  it('has a largest size', async () => {
    const text = 'x'.repeat(1001)
    await expect(logs.store(name, Buffer.from(text), receiptOf(text))).rejects.toMatchObject({ code: 'ORY_TOO_LARGE' })
    expect(await logs.size(name)).toBe(0)
  })
})

it('forgets the log of a claim that was given back, sealed or not, so that the next one begins at 0', async () => {
  const second = { ...name, step: 0 }
  await logs.append(name, 0, bytes('half'))
  await logs.append(second, 0, bytes('whole'))
  await logs.verify(second, receiptOf('whole'))

  await logs.forget(name.taskId)
  await logs.append(name, 0, bytes('new'))
  await logs.append(second, 0, bytes('other'))
  await logs.verify(second, receiptOf('other'))

  expect(await stored()).toBe('new')
})
