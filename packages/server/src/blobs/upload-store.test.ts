import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskBlobs } from './disk.ts'
import { UploadStore } from './upload-store.ts'

let root: string
let blobs: DiskBlobs
let uploads: UploadStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'orrery-uploads-'))
  blobs = new DiskBlobs(join(root, 'blobs'))
  uploads = new UploadStore(join(root, 'uploads'), blobs)
})
afterEach(() => rm(root, { recursive: true }))

const promise = (text: string) => ({
  size: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
})
async function* bytes(text: string) {
  yield Buffer.from(text)
}
const send = (id: string, offset: number, text: string) => uploads.append(id, offset, bytes(text), 100)

describe('an upload', () => {
  it('goes on after a restart and becomes a blob', async () => {
    const id = randomUUID()
    await send(id, 0, 'hello ')
    uploads = new UploadStore(join(root, 'uploads'), blobs)
    expect(await uploads.size(id)).toBe(6)
    expect(await send(id, 9, 'x')).toEqual({ size: 6, gap: true })
    await send(id, 6, 'world')
    const key = await uploads.finish(id, promise('hello world'))
    expect((await buffer(await blobs.open(key))).toString()).toBe('hello world')
    expect((await buffer(await blobs.open(key, { start: 2, end: 4 }))).toString()).toBe('llo')
    await uploads.discard(id)
    expect(await readdir(join(root, 'uploads'))).toEqual([])
    expect((await buffer(await blobs.open(key))).toString()).toBe('hello world')
  })

  it('may be finished again after a crash between the blob and the database', async () => {
    const id = randomUUID()
    await send(id, 0, 'abc')
    const key = await uploads.finish(id, promise('abc'))
    expect(await uploads.finish(id, promise('abc'))).toBe(key)
  })

  it('needs the bytes, not only their hash', async () => {
    await send(randomUUID(), 0, 'abc')
    await expect(uploads.finish(randomUUID(), promise('abc'))).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
  })

  it('is the same blob when two jobs send the same bytes', async () => {
    const [one, two] = [randomUUID(), randomUUID()]
    await send(one, 0, 'abc')
    await send(two, 0, 'abc')
    expect(await uploads.finish(one, promise('abc'))).toBe(await uploads.finish(two, promise('abc')))
  })

  it.each([
    ['short: keeps what is there', 'ab', 'abc', 2],
    ['wrong: starts again', 'xyz', 'abc', 0],
    ['too long: starts again', 'abcd', 'abc', 0],
  ])('refuses a file that is %s', async (_, sent, announced, kept) => {
    const id = randomUUID()
    await send(id, 0, sent)
    await expect(uploads.finish(id, promise(announced))).rejects.toMatchObject({ code: 'ORY_CONFLICT' })
    expect(await uploads.size(id)).toBe(kept)
  })

  it('of nothing is an empty blob', async () => {
    const id = randomUUID()
    const key = await uploads.finish(id, promise(''))
    expect((await buffer(await blobs.open(key))).length).toBe(0)
  })

  it('has a largest size', async () => {
    await expect(send(randomUUID(), 0, 'x'.repeat(101))).rejects.toMatchObject({ code: 'ORY_TOO_LARGE' })
  })
})

it.each(['../../etc/passwd', 'ab/../../x', '', 'AB/x'])('opens no blob outside its folder: %s', async (key) => {
  await expect(blobs.open(key)).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
})
