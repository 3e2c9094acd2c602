import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import type { AttachWorkspaceStep, PersistToWorkspaceStep } from '@orrery/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { execute as persist } from '../persist-to-workspace/index.ts'
import { TaskPeer } from '../save-cache/task-peer.ts'
import { failed, succeeded } from '../step.ts'
import { execute as attach } from './index.ts'

let peer: TaskPeer
beforeEach(() => {
  peer = new TaskPeer()
})
afterEach(async () => {
  expect(peer.leftovers).toEqual([])
  await peer[Symbol.asyncDispose]()
})

function persisting(root: string, ...paths: string[]): PersistToWorkspaceStep {
  return { kind: 'persist_to_workspace', name: 'Persisting to Workspace', origin: [], root, paths }
}
function attaching(at: string): AttachWorkspaceStep {
  return { kind: 'attach_workspace', name: 'Attaching Workspace', origin: [], at }
}

describe('persist_to_workspace', () => {
  test('what it stores, attach puts elsewhere, with modes and links (211, 227)', async () => {
    peer.files({ 'w/f': 'f', 'w/sub/.hidden': 'h' })
    chmodSync(peer.path('w/f'), 0o750)
    symlinkSync('../f', peer.path('w/sub/link'))
    mkdirSync(peer.path('w/empty'))

    expect(await persist(persisting('w', 'f', 'sub', 'empty'), peer.next())).toBe(succeeded)
    peer.shareWorkspace()
    expect(await attach(attaching('~/deep/at'), peer.next())).toBe(succeeded)

    expect(peer.read('~/deep/at/f')).toBe('f')
    expect(statSync(peer.path('~/deep/at/f')).mode & 0o777).toBe(0o750)
    expect(peer.read('~/deep/at/sub/.hidden')).toBe('h')
    expect(readlinkSync(peer.path('~/deep/at/sub/link'))).toBe('../f')
    expect(lstatSync(peer.path('~/deep/at/empty')).isDirectory()).toBe(true)
  })

  test.each<[string, string[], string[]]>([
    ['a glob that stays in its directory (216)', ['*.jar'], ['a.jar']],
    ['a glob with a directory', ['*/*.jar'], ['sub/b.jar']],
    ['the root itself (219)', ['.'], ['a.jar', 'other/c', 'sub/b.jar']],
    ['overlapping paths once', ['sub', 'sub/b.jar', 's*'], ['sub/b.jar']],
    ['a match beside a miss', ['none', 'a.jar'], ['a.jar']],
  ])('stores %s and tells the server the names', async (_, paths, files) => {
    peer.files({ 'w/a.jar': 'a', 'w/sub/b.jar': 'b', 'w/other/c': 'c' })

    expect(await persist(persisting('w', ...paths), peer.next())).toBe(succeeded)

    expect(peer.uploads[0]).toMatchObject({ request: { kind: 'workspace', name: '101-0-workspace', step: 101 }, files })
    peer.shareWorkspace()
    await attach(attaching('at'), peer.next())
    for (const file of files) expect(peer.read(`at/${file}`)).toBe(peer.read(`w/${file}`))
    expect(readdirSync(peer.path('at')).sort()).toEqual([...new Set(files.map((file) => file.split('/')[0]))].sort())
  })

  test.each<[string, PersistToWorkspaceStep, RegExp]>([
    [
      'nothing matches (217)',
      persisting('w', 'nothing*'),
      /^Warning: .*\nThe specified paths did not match any files in \S+\/w\n$/,
    ],
    [
      'the root is missing (218)',
      persisting('none', '.'),
      /^Error locating workspace root directory: stat \S+\/none: no such file or directory\n$/,
    ],
    [
      'the root is a file',
      persisting('w/f', '.'),
      /^Error locating workspace root directory: stat \S+: not a directory\n$/,
    ],
    ['a path climbs (220)', persisting('w', '../x'), /^Error: \.\.\/x leaves the root\n$/],
    ['a path is absolute (220)', persisting('w', '/etc'), /^Error: \/etc is absolute/],
    ['a pattern is malformed', persisting('w', 'a['), /^Error: a\[ is not a well-formed pattern\n$/],
  ])('fails when %s', async (_, step, message) => {
    peer.files({ 'w/f': 'f', x: 'x' })
    expect(await persist(step, peer.next())).toBe(failed)
    expect(peer.log).toMatch(message)
    expect(peer.uploads).toEqual([])
  })
})

describe('files that cannot be kept as they are', () => {
  const shrinking = '/sys/kernel/uevent_seqnum'

  test('fail persist_to_workspace, and nothing is stored', async () => {
    peer.files({ 'w/f': 'f' })
    writeFileSync(Buffer.concat([Buffer.from(peer.path('w/')), Buffer.from([0xff])]), '')

    expect(await persist(persisting('w', '*'), peer.next())).toBe(failed)

    expect(peer.log).toMatch(/Warning: \S+: its name is not UTF-8\nError: .*nothing is stored\.\n$/)
    expect(peer.uploads).toEqual([])
  })

  test.skipIf(!existsSync(shrinking))('fail it when they shrink', async () => {
    expect(await persist(persisting('/sys/kernel', 'uevent_seqnum'), peer.next())).toBe(failed)
    expect(peer.uploads).toEqual([])
  })

  test('sockets and the like are no files: a warning', async () => {
    peer.files({ 'w/f': 'f' })
    const server = createServer().listen(peer.path('w/socket'))
    await once(server, 'listening')
    try {
      expect(await persist(persisting('w', '.'), peer.next())).toBe(succeeded)
    } finally {
      server.close()
    }

    expect(peer.log).toContain(`Warning: ${peer.path('w/socket')}: neither a file, a directory nor a link\n`)
    expect(peer.uploads[0]?.files).toEqual(['f'])
  })
})

describe('attach_workspace', () => {
  test('later layers replace the files of earlier ones, and others stay (213, 215)', async () => {
    peer.files({ 'w/both': 'A', 'w/dir/a': 'A', 'at/old': 'old', 'at/both': 'before' })
    await persist(persisting('w', '.'), peer.next())
    peer.files({ 'v/both': 'B', 'v/dir/b': 'B' })
    await persist(persisting('v', '*'), peer.next())
    peer.shareWorkspace()

    expect(await attach(attaching('at'), peer.next())).toBe(succeeded)

    expect(['both', 'dir/a', 'dir/b', 'old'].map((name) => peer.read(`at/${name}`))).toEqual(['B', 'A', 'B', 'old'])
    const [first, second] = peer.workspace.layers
    expect(peer.log).toBe(
      `Downloading workspace layers\n  build/0 - ${first?.size} B\n  build/0 - ${second?.size} B\n` +
        `Applying workspace layers\n  ${first?.jobId}\n  ${second?.jobId}\n`,
    )
  })

  test('files of concurrent jobs that collide fail it before anything is written (214, 222)', async () => {
    peer.files({ 'w/x': 'x' })
    await persist(persisting('w', 'x'), peer.next())
    peer.shareWorkspace()
    peer.workspace.conflicts = ['x', 'dir/y']

    expect(await attach(attaching('at'), peer.next())).toBe(failed)

    expect(peer.log).toBe('Concurrent upstream jobs persisted the same file(s) into the workspace:\n  - x\n  - dir/y\n')
    expect(readdirSync(peer.path('at'))).toEqual([])
  })

  test('a workspace past its retention fails it, and says what to do (225)', async () => {
    peer.workspace.expiredAfterDays = 15
    expect(await attach(attaching('at'), peer.next())).toBe(failed)
    expect(peer.log).toBe(
      'Error: the workspace of this workflow has expired: its layers are kept for 15 days. Rerun the workflow from its start.\n',
    )
  })

  test('without upstream layers there is a message and an empty directory (224)', async () => {
    expect(await attach(attaching('at'), peer.next())).toBe(succeeded)
    expect(peer.log).toMatch(/^No workspace layers to apply/)
    expect(readdirSync(peer.path('at'))).toEqual([])
  })

  test.each<[string, (bytes: Buffer) => unknown, RegExp]>([
    ['damaged', (bytes) => bytes.fill(1, 20, 30), /layer of job build is damaged in the store\n$/],
    ['no longer stored (225)', () => peer.layers.clear(), /layer of job build cannot be had: .* not found\n$/],
  ])('a layer that is %s fails it and changes nothing', async (_, spoil, message) => {
    peer.files({ 'w/x': 'x' })
    await persist(persisting('w', 'x'), peer.next())
    peer.files({ 'w/y': 'y' })
    await persist(persisting('w', 'y'), peer.next())
    peer.shareWorkspace()
    spoil([...peer.layers.values()][1] ?? Buffer.alloc(0))

    expect(await attach(attaching('at'), peer.next())).toBe(failed)

    expect(peer.log).toMatch(message)
    expect(readdirSync(peer.path('at'))).toEqual([])
  })

  test('a file in the way of a directory it needs is replaced; a filled directory in the way of a file fails it', async () => {
    peer.files({ 'w/dir/f': 'f', 'w/g': 'g', 'at/dir': 'file', 'at/g/full': '' })
    await persist(persisting('w', '.'), peer.next())
    peer.shareWorkspace()

    expect(await attach(attaching('at'), peer.next())).toBe(failed)

    expect(peer.log).toContain(`Failed to apply the workspace layer\n${peer.path('at/g')}: directory not empty\n`)
    expect(peer.read('at/dir/f')).toBe('f')
  })

  test('a path that cannot be a directory fails it', async () => {
    peer.files({ at: 'file' })
    await expect(attach(attaching('at'), peer.next())).rejects.toThrow('EEXIST')
  })
})
