import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ArchiveStore } from './archive-store.ts'

let directory: string
let store: ArchiveStore
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'archives-')), 'archives')
  store = await ArchiveStore.open(directory, 1000)
})
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }))

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

async function keep(bytes: Buffer, into = store): Promise<string> {
  const arrival = await into.receive(hashOf(bytes), bytes.length)
  await arrival?.add(bytes)
  await arrival?.end()
  return hashOf(bytes)
}

async function read(sha256: string): Promise<Buffer | undefined> {
  const found = await store.find(sha256)
  if (found === undefined) return undefined
  await using file = found.file
  return await file.readFile()
}

it('keeps an archive, also over a restart, where nobody else can read it', async () => {
  const bytes = randomBytes(300)
  const sha256 = await keep(bytes)

  store = await ArchiveStore.open(directory, 1000)

  expect(await read(sha256)).toEqual(bytes)
  expect((await stat(join(directory, sha256))).mode & 0o077).toBe(0)
})

it.each<[string, Buffer, number]>([
  ['is cut', Buffer.alloc(99, 'x'), 100],
  ['is longer than announced', Buffer.alloc(101, 'x'), 100],
  ['has other bytes', Buffer.alloc(100, 'y'), 100],
])('keeps nothing of an archive that %s', async (_, bytes, size) => {
  const sha256 = hashOf(Buffer.alloc(100, 'x'))
  const arrival = await store.receive(sha256, size)
  await arrival?.add(bytes)
  await arrival?.end()

  expect(await store.find(sha256)).toBeUndefined()
  expect(await readdir(directory, { recursive: true })).toEqual(['incoming'])
  expect(await store.receive(sha256, size)).toBeDefined()
})

it('lets the longest unused make way, and takes nothing larger than all its room', async () => {
  const [first, second] = [await keep(randomBytes(400)), await keep(randomBytes(400))]
  const older = new Date(Date.now() - 60_000)
  await utimes(join(directory, second), older, older)
  store = await ArchiveStore.open(directory, 1000)

  const third = await keep(randomBytes(500))
  const large = await keep(randomBytes(1001))

  expect(await read(second)).toBeUndefined()
  expect(await read(large)).toBeUndefined()
  expect((await read(first))?.length).toBe(400)
  expect((await read(third))?.length).toBe(500)
})

it('counts what is on its way, and receives the same archive once at a time', async () => {
  const bytes = randomBytes(600)
  const arrival = await store.receive(hashOf(bytes), 600)

  expect(await store.receive(hashOf(bytes), 600)).toBeUndefined()
  expect(await store.receive(hashOf(randomBytes(500)), 500)).toBeUndefined()

  await arrival?.add(bytes)
  await arrival?.end()
  expect((await read(hashOf(bytes)))?.length).toBe(600)
})

it('forgets what an earlier runner did not finish, and what is over a smaller bound', async () => {
  const sha256 = await keep(randomBytes(400))
  await store.receive(hashOf(randomBytes(100)), 100)
  await writeFile(join(directory, 'stranger'), '')

  store = await ArchiveStore.open(directory, 300)

  expect(await read(sha256)).toBeUndefined()
  expect((await readdir(directory, { recursive: true })).sort()).toEqual(['incoming', 'stranger'])
})

it('does without a file that somebody removed', async () => {
  const sha256 = await keep(randomBytes(10))
  await rm(join(directory, sha256))

  expect(await read(sha256)).toBeUndefined()
})
