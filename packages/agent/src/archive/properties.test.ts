import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compressFrames } from './frames.ts'
import { ArchiveError, createArchive, extractArchive } from './index.ts'
import { encodeHeader, padded, type TarEntry } from './tar-format.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'orrery-properties-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

type Node =
  | { kind: 'file'; content: Uint8Array; mode: number; time: number }
  | { kind: 'link'; target: string }
  | { kind: 'twin' }
  | { kind: 'folder'; mode: number; time: number; children: [string, Node][] }

/** Names that file systems take and tools stumble over; long ones need a pax header. */
const name = fc.oneof(
  fc.constantFrom('a', 'b', '.hidden', 'with space', 'ü€日本', '-rf', 'new\nline', 'quote\'"', 'x'.repeat(200)),
  fc.stringMatching(/^[a-z0-9]{1,12}$/),
)
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o750, 0o777, 0o4755, 0o2755)
const time = fc.integer({ min: 0, max: 4_000_000_000 })
const { node } = fc.letrec<{ node: Node; folder: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.record({ kind: fc.constant('file' as const), content: fc.uint8Array({ maxLength: 2000 }), mode, time }),
    fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom('a', '../..', '/etc/passwd', 'gone') }),
    fc.record({ kind: fc.constant('twin' as const) }),
    tie('folder'),
  ),
  folder: fc.record({
    kind: fc.constant('folder' as const),
    mode: fc.constantFrom(0o755, 0o700, 0o1777),
    time,
    children: fc.uniqueArray(fc.tuple(name, tie('node')), { selector: ([one]) => one, maxLength: 5 }),
  }),
}))
const tree = fc.uniqueArray(fc.tuple(name, node), { selector: ([one]) => one, maxLength: 6 })

function build(path: string, value: Node, firstFile: { path?: string }): void {
  switch (value.kind) {
    case 'file':
      writeFileSync(path, value.content)
      chmodSync(path, value.mode)
      utimesSync(path, value.time, value.time)
      firstFile.path ??= path
      return
    case 'link':
      symlinkSync(value.target, path)
      return
    case 'twin':
      if (firstFile.path !== undefined) linkSync(firstFile.path, path)
      return
    case 'folder':
      mkdirSync(path)
      for (const [child, one] of value.children) build(join(path, child), one, firstFile)
      chmodSync(path, value.mode)
      utimesSync(path, value.time, value.time)
  }
}

/** Everything that must survive, by relative path. Hard links are told by the first path of their file. */
function describeTree(root: string): Record<string, unknown> {
  const seen = new Map<number, string>()
  const found: Record<string, unknown> = {}
  const visit = (relative: string) => {
    for (const child of readdirSync(join(root, relative)).sort()) {
      const path = join(relative, child)
      const stat = lstatSync(join(root, path))
      const same = seen.get(stat.ino)
      const { uid, gid } = stat
      if (stat.isSymbolicLink()) found[path] = ['link', readlinkSync(join(root, path)), uid, gid]
      else if (same !== undefined) found[path] = ['same file as', same]
      else if (stat.isDirectory()) {
        found[path] = ['folder', stat.mode, stat.mtimeMs, uid, gid]
        visit(path)
      } else {
        seen.set(stat.ino, path)
        found[path] = ['file', readFileSync(join(root, path)).toString('base64'), stat.mode, stat.mtimeMs, uid, gid]
      }
    }
  }
  visit('')
  return found
}

test('any tree comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (nodes) => {
      const base = mkdtempSync(join(dir, 'tree-'))
      const [source, target] = [join(base, 'in'), join(base, 'out')]
      mkdirSync(source)
      mkdirSync(target)
      const firstFile = {}
      for (const [child, one] of nodes) build(join(source, child), one, firstFile)

      await createArchive([{ path: source, name: '' }], join(base, 'archive'))
      const { failed } = await extractArchive(join(base, 'archive'), { into: target, roots: [''] })

      expect(failed).toBe(0)
      expect(describeTree(target)).toEqual(describeTree(source))
      rmSync(base, { recursive: true, force: true })
    }),
    { numRuns: 60 },
  )
})

const evilName = fc.oneof(
  name,
  fc.constantFrom(
    '..',
    '../out-of-it',
    '/absolute',
    'a/../../b',
    'a/b',
    'a/./b',
    'a//b',
    '',
    '.',
    'a\0b',
    'link/x',
    'link',
  ),
)
const entry = fc.record({
  type: fc.constantFrom<TarEntry['type']>('file', 'directory', 'symlink', 'hardlink'),
  name: evilName,
  link: fc.oneof(evilName, fc.constantFrom('..', '../..', '/', '../canary')),
  content: fc.string({ maxLength: 20 }),
})

test('no archive touches anything outside of its target', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 2 }),
      async (entries, flips) => {
        const base = mkdtempSync(join(dir, 'evil-'))
        const target = join(base, 'out')
        mkdirSync(target)
        writeFileSync(join(base, 'canary'), 'alive')
        const tar = Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)])
        for (const at of flips) if (tar.length > 0) tar[at % tar.length] = (tar[at % tar.length] ?? 0) ^ 0x41
        const frames: Buffer[] = []
        for await (const frame of compressFrames(Readable.from([tar]))) frames.push(frame)
        writeFileSync(join(base, 'archive'), Buffer.concat(frames))

        await extractArchive(join(base, 'archive'), { into: target, roots: [''] }).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ArchiveError)
        })

        expect(readdirSync(base).sort()).toEqual(['archive', 'canary', 'out'])
        expect(readFileSync(join(base, 'canary'), 'utf8')).toBe('alive')
        expect(lstatSync(join(base, 'canary')).nlink).toBe(1)
        rmSync(base, { recursive: true, force: true })
      },
    ),
    { numRuns: 200 },
  )
})

function blocksOf({
  type,
  name: path,
  link,
  content,
}: {
  type: TarEntry['type']
  name: string
  link: string
  content: string
}) {
  const body = Buffer.from(type === 'file' ? content : '')
  const pointer = type === 'symlink' || type === 'hardlink' ? link : ''
  const header = encodeHeader({
    type,
    name: path,
    link: pointer,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 1,
  })
  return [header, Buffer.concat([body, Buffer.alloc(padded(body.length) - body.length)])]
}
