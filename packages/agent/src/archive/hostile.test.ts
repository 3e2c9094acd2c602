import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compressFrames } from './frames.ts'
import { createArchive, defaultLimits, extractArchive } from './index.ts'
import { encodeHeader, padded, type TarEntry } from './tar-format.ts'

let dir: string
let out: string
let file: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orrery-hostile-'))
  out = join(dir, 'out')
  file = join(dir, 'archive')
  mkdirSync(out)
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

type Piece = Partial<TarEntry> & Pick<TarEntry, 'type' | 'name'> & { content?: string }

async function pack(tar: Buffer): Promise<void> {
  const frames: Buffer[] = []
  for await (const frame of compressFrames(Readable.from([tar]))) frames.push(frame)
  writeFileSync(file, Buffer.concat(frames))
}

function tarOf(pieces: Piece[]): Buffer {
  const blocks = pieces.flatMap(({ content = '', ...piece }) => {
    const body = Buffer.alloc(padded(content.length), 0)
    body.write(content)
    const entry = { link: '', mode: 0o755, uid: 0, gid: 0, mtime: 1, size: content.length, ...piece }
    return [encodeHeader(entry), body]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** The same header with another type flag and a right checksum: what `encodeHeader` would never write. */
function withFlag(header: Buffer, flag: string): Buffer {
  const copy = Buffer.from(header)
  copy.write(flag, 156, 'latin1')
  copy.fill(0x20, 148, 156)
  const sum = copy.reduce((total, byte) => total + byte, 0)
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return copy
}

test.each<[string, Piece[]]>([
  ['climbs out', [{ type: 'file', name: '../evil', content: 'x' }]],
  ['climbs out in the middle', [{ type: 'file', name: 'a/../../evil', content: 'x' }]],
  ['has an absolute name', [{ type: 'file', name: '/evil', content: 'x' }]],
  ['has an empty part', [{ type: 'file', name: 'a//evil', content: 'x' }]],
  ['has a dot part', [{ type: 'directory', name: './evil' }]],
  ['has no name', [{ type: 'directory', name: '' }]],
  [
    'writes through its own link',
    [
      { type: 'symlink', name: 'link', link: '..' },
      { type: 'file', name: 'link/evil', content: 'x' },
    ],
  ],
  [
    'makes a directory through its own link',
    [
      { type: 'symlink', name: 'link', link: '..' },
      { type: 'directory', name: 'link/evil' },
    ],
  ],
  [
    'turns a directory into a link and goes on in it',
    [
      { type: 'directory', name: 'd' },
      { type: 'symlink', name: 'd', link: '..' },
      { type: 'file', name: 'd/evil', content: 'x' },
    ],
  ],
  ['hard-links out', [{ type: 'hardlink', name: 'a', link: '../evil' }]],
  [
    'hard-links through its own link',
    [
      { type: 'symlink', name: 'link', link: '..' },
      { type: 'hardlink', name: 'a', link: 'link/outside' },
    ],
  ],
  [
    'hard-links to a link',
    [
      { type: 'symlink', name: 'link', link: '../outside' },
      { type: 'hardlink', name: 'a', link: 'link' },
    ],
  ],
])('refuses an archive that %s', async (_, pieces) => {
  writeFileSync(join(dir, 'outside'), 'secret')
  await pack(tarOf(pieces))

  await expect(extractArchive(file, { into: out, roots: [''] })).rejects.toMatchObject({ fault: 'refused' })

  expect(existsSync(join(dir, 'evil'))).toBe(false)
  expect(existsSync(join(out, 'a'))).toBe(false)
})

test('refuses to write through a link that was there before, at or below a root', async () => {
  mkdirSync(join(dir, 'elsewhere'))
  symlinkSync(join(dir, 'elsewhere'), join(out, 'link'))
  await pack(tarOf([{ type: 'file', name: 'link/f', content: 'x' }]))

  await expect(extractArchive(file, { into: out, roots: ['link'] })).rejects.toThrow('must not write through it')

  expect(existsSync(join(dir, 'elsewhere/f'))).toBe(false)
})

test('follows a link above a root: the place itself made it', async () => {
  mkdirSync(join(dir, 'elsewhere'))
  symlinkSync(join(dir, 'elsewhere'), join(out, 'home'))
  await pack(tarOf([{ type: 'file', name: 'home/cache/f', content: 'x' }]))

  await extractArchive(file, { into: out, roots: ['home/cache'] })

  expect(readFileSync(join(dir, 'elsewhere/cache/f'), 'utf8')).toBe('x')
})

test('refuses names outside the listed roots, also those that only begin like one', async () => {
  await pack(tarOf([{ type: 'file', name: 'cache-2/f', content: 'x' }]))

  await expect(extractArchive(file, { into: out, roots: ['cache'] })).rejects.toThrow('outside its paths')

  expect(existsSync(join(out, 'cache-2'))).toBe(false)
})

test.each(['3', '4', '6', 'L', 'K', 'g', 'S'])('refuses an entry of the kind %s', async (flag) => {
  const header = encodeHeader({ type: 'file', name: 'dev', link: '', mode: 0o666, uid: 0, gid: 0, size: 0, mtime: 0 })
  await pack(Buffer.concat([withFlag(header, flag), Buffer.alloc(1024)]))

  await expect(extractArchive(file, { into: out, roots: [''] })).rejects.toMatchObject({ fault: 'refused' })
})

test.each<[string, Partial<typeof defaultLimits>, RegExp]>([
  ['entries', { entries: 2 }, /more than 2 entries/],
  ['bytes', { bytes: 2000 }, /more than 2000 bytes/],
  ['ratio', { ratio: 2, ratioAfterBytes: 1000 }, /more than 2 times its size/],
])('stops at the limit of %s', async (_, limits, message) => {
  await pack(tarOf(['a', 'b', 'c'].map((name) => ({ type: 'file', name, content: 'x'.repeat(600) }))))

  const extracting = extractArchive(file, { into: out, roots: [''], limits: { ...defaultLimits, ...limits } })

  await expect(extracting).rejects.toThrow(message)
  expect(existsSync(join(out, 'c'))).toBe(false)
})

test('a frame that unpacks to more than a frame holds is refused before it fills memory', async () => {
  const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))
  const header = Buffer.alloc(12)
  header.writeUInt32LE(0x184d2a50, 0)
  header.writeUInt32LE(4, 4)
  header.writeUInt32LE(bomb.length, 8)
  writeFileSync(file, Buffer.concat([header, bomb]))

  await expect(extractArchive(file, { into: out, roots: [''] })).rejects.toMatchObject({ fault: 'damaged' })
})

test('an archive that is cut anywhere is damaged, never silently short', async () => {
  mkdirSync(join(dir, 'tree'))
  for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, 'tree', name), name.repeat(1000))
  const { size } = await createArchive([{ path: join(dir, 'tree'), name: '' }], file)
  for (let cut = size - 1; cut >= 0; cut -= 7) {
    truncateSync(file, cut)
    await expect(extractArchive(file, { into: out, roots: [''] })).rejects.toMatchObject({ fault: 'damaged' })
  }
})

test('one wrong bit anywhere is noticed', async () => {
  await pack(tarOf([{ type: 'file', name: 'f', content: 'hello' }]))
  const good = readFileSync(file)
  for (let at = 0; at < good.length; at += 3) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 1
    writeFileSync(file, bad)
    await expect(extractArchive(file, { into: out, roots: [''] })).rejects.toMatchObject({ fault: 'damaged' })
  }
})

test('what is no archive at all is damaged', async () => {
  writeFileSync(file, 'PK\x03\x04 hello, I am a zip file')
  await expect(extractArchive(file, { into: out, roots: [''] })).rejects.toThrow('not an archive')
})
