import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createArchive, extractArchive } from './index.ts'

let dir: string
let tree: string
let out: string
let file: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orrery-archive-'))
  tree = join(dir, 'tree')
  out = join(dir, 'out')
  file = join(dir, 'archive')
  mkdirSync(tree)
  mkdirSync(out)
})
afterEach(() => {
  // whoever is not root cannot empty a read-only folder
  for (const name of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (name.isDirectory()) chmodSync(join(name.parentPath, name.name), 0o755)
  }
  rmSync(dir, { recursive: true, force: true })
})

async function roundTrip() {
  const created = await createArchive([{ path: tree, name: '' }], file)
  const extracted = await extractArchive(file, { into: out, roots: [''] })
  expect(extracted.failures).toEqual([])
  return created
}

test('keeps modes, times, links, hard links and empty directories', async () => {
  mkdirSync(join(tree, 'empty'))
  mkdirSync(join(tree, 'sub'))
  writeFileSync(join(tree, 'sub/run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(tree, '.hidden'), '')
  linkSync(join(tree, 'sub/run.sh'), join(tree, 'twin'))
  symlinkSync('sub/run.sh', join(tree, 'link'))
  symlinkSync('/nowhere/at/all', join(tree, 'dangling'))
  lutimesSync(join(tree, 'link'), 1_000_000_000.5, 1_000_000_000.5)
  utimesSync(join(tree, 'sub/run.sh'), 1_700_000_000.123456, 1_700_000_000.123456)
  utimesSync(join(tree, '.hidden'), new Date(-86_400_250), new Date(-86_400_250))
  utimesSync(join(tree, 'empty'), 1_600_000_000, 1_600_000_000)
  chmodSync(join(tree, 'empty'), 0o2711)

  const created = await roundTrip()

  expect(created.files).toEqual(['.hidden', 'dangling', 'link', 'sub/run.sh', 'twin'])
  expect(created.entries).toBe(7)
  expect(created.skipped).toEqual([])
  expect(statSync(join(out, 'sub/run.sh')).mode & 0o7777).toBe(0o755)
  expect(statSync(join(out, 'sub/run.sh')).mtimeMs).toBeCloseTo(1_700_000_000_123.456, 2)
  expect(statSync(join(out, '.hidden')).mtimeMs).toBeCloseTo(-86_400_250, 2)
  expect(statSync(join(out, 'empty')).mode & 0o7777).toBe(0o2711)
  expect(statSync(join(out, 'empty')).mtimeMs).toBe(1_600_000_000_000)
  expect(lstatSync(join(out, 'link')).mtimeMs).toBe(1_000_000_000_500)
  expect(readlinkSync(join(out, 'link'))).toBe('sub/run.sh')
  expect(readlinkSync(join(out, 'dangling'))).toBe('/nowhere/at/all')
  expect(statSync(join(out, 'twin')).ino).toBe(statSync(join(out, 'sub/run.sh')).ino)
})

test('reports size and hash of the archive file', async () => {
  writeFileSync(join(tree, 'a'), randomBytes(100_000))

  const created = await roundTrip()

  const bytes = readFileSync(file)
  expect(created.size).toBe(bytes.length)
  expect(created.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(created.contentBytes).toBe(100_000)
})

test('keeps content of every size around the block and frame borders, and long names', async () => {
  const sizes = [0, 1, 511, 512, 513, 4 * 1024 * 1024 - 512, 4 * 1024 * 1024, 9_000_001]
  const long = `${'d'.repeat(120)}/${'é'.repeat(100)}`
  mkdirSync(join(tree, 'd'.repeat(120)))
  writeFileSync(join(tree, long), 'long')
  symlinkSync('x'.repeat(300), join(tree, 'long-link'))
  for (const size of sizes) writeFileSync(join(tree, `f${size}`), randomBytes(size))

  await roundTrip()

  for (const size of sizes) {
    expect(readFileSync(join(out, `f${size}`)).equals(readFileSync(join(tree, `f${size}`)))).toBe(true)
  }
  expect(readFileSync(join(out, long), 'utf8')).toBe('long')
  expect(readlinkSync(join(out, 'long-link'))).toBe('x'.repeat(300))
})

test('starts on a file too large for an octal size field, and stops when told to', async () => {
  writeFileSync(join(tree, 'a-small'), 'small')
  writeFileSync(join(tree, 'huge'), '')
  truncateSync(join(tree, 'huge'), 9 * 2 ** 30)
  const stop = new AbortController()

  const creating = createArchive([{ path: tree, name: '' }], file, stop.signal)
  stop.abort(new Error('enough'))

  await expect(creating).rejects.toThrow('enough')
})

// A file of the kernel says 4096 bytes and holds a few: what a log that is cut during the step looks like.
const shrinking = '/sys/kernel/uevent_seqnum'
test.skipIf(!existsSync(shrinking))(
  'a file shorter than announced is filled up and does not spoil the others',
  async () => {
    writeFileSync(join(tree, 'after'), 'after')

    const created = await createArchive(
      [
        { path: shrinking, name: 'short' },
        { path: join(tree, 'after'), name: 'zzz' },
      ],
      file,
    )
    await extractArchive(file, { into: out, roots: [''] })

    expect(created.skipped).toEqual([
      { path: shrinking, reason: expect.stringMatching(/^it shrank .* stored as zeros$/), loss: 'damaged' },
    ])
    expect(readFileSync(join(out, 'short'))).toHaveLength(statSync(shrinking).size)
    expect(readFileSync(join(out, 'zzz'), 'utf8')).toBe('after')
  },
)

test('equal trees give equal archives', async () => {
  for (const name of ['b', 'a', 'c']) writeFileSync(join(tree, name), name)
  const first = await createArchive([{ path: tree, name: 'x' }], file)
  const second = await createArchive([{ path: tree, name: 'x' }], file)
  expect(second.sha256).toBe(first.sha256)
})

test('skips sockets with a reason and goes on', async () => {
  writeFileSync(join(tree, 'z'), 'z')
  const server = createServer().listen(join(tree, 'socket'))
  await once(server, 'listening')

  const created = await createArchive([{ path: tree, name: '' }], file)
  server.close()

  expect(created.files).toEqual(['z'])
  expect(created.skipped).toEqual([{ path: join(tree, 'socket'), reason: 'neither a file, a directory nor a link' }])
})

test('overwrites files and links, fills read-only directories, and leaves the rest alone', async () => {
  mkdirSync(join(tree, 'ro'))
  writeFileSync(join(tree, 'ro/f'), 'new')
  writeFileSync(join(tree, 'was-link'), 'new')
  symlinkSync('ro', join(tree, 'was-empty-dir'))
  chmodSync(join(tree, 'ro'), 0o555)
  writeFileSync(join(dir, 'precious'), 'untouched')
  mkdirSync(join(out, 'ro'))
  mkdirSync(join(out, 'was-empty-dir'))
  writeFileSync(join(out, 'ro/f'), 'old and longer')
  chmodSync(join(out, 'ro/f'), 0o444)
  writeFileSync(join(out, 'other'), 'other')
  symlinkSync(join(dir, 'precious'), join(out, 'was-link'))
  chmodSync(join(out, 'ro'), 0o555)

  await roundTrip()

  expect(readFileSync(join(out, 'ro/f'), 'utf8')).toBe('new')
  expect(statSync(join(out, 'ro')).mode & 0o777).toBe(0o555)
  expect(readFileSync(join(out, 'was-link'), 'utf8')).toBe('new')
  expect(lstatSync(join(out, 'was-link')).isFile()).toBe(true)
  expect(readlinkSync(join(out, 'was-empty-dir'))).toBe('ro')
  expect(readFileSync(join(out, 'other'), 'utf8')).toBe('other')
  expect(readFileSync(join(dir, 'precious'), 'utf8')).toBe('untouched')
})

test('a filled directory in the place of a file is a failure of that entry alone', async () => {
  writeFileSync(join(tree, 'a'), 'file')
  writeFileSync(join(tree, 'b'), 'file')
  mkdirSync(join(out, 'a/full'), { recursive: true })
  await createArchive([{ path: tree, name: '' }], file)

  const extracted = await extractArchive(file, { into: out, roots: [''] })

  expect(extracted.failures).toEqual([{ path: join(out, 'a'), reason: 'directory not empty' }])
  expect(readFileSync(join(out, 'b'), 'utf8')).toBe('file')
})
