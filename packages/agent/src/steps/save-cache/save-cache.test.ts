import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import type { RestoreCacheStep, SaveCacheStep } from '@orrery/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UplinkError } from '../../uplink/uplink.ts'
import { execute as restore } from '../restore-cache/index.ts'
import { failed, succeeded } from '../step.ts'
import { execute as save } from './index.ts'
import { TaskPeer } from './task-peer.ts'

let peer: TaskPeer
beforeEach(() => {
  peer = new TaskPeer()
})
afterEach(async () => {
  expect(peer.leftovers).toEqual([])
  await peer[Symbol.asyncDispose]()
})

function saving(key: string, ...paths: string[]): SaveCacheStep {
  return { kind: 'save_cache', name: 'Saving Cache', origin: [], key, paths }
}
function restoring(...keys: string[]): RestoreCacheStep {
  return { kind: 'restore_cache', name: 'Restoring Cache', origin: [], keys }
}

/** A file that gives fewer bytes than its size promises, like one that is cut while it is read. */
const shrinking = '/sys/kernel/uevent_seqnum'

describe('save_cache', () => {
  test('stores absolute locations, and restore brings them back with modes, times and links (186, 199, 208)', async () => {
    peer.files({ '~/.m2/a.jar': 'm2', 'rel/dir/run.sh': 'run' })
    const absolute = peer.path('~/abs/dir')
    mkdirSync(`${absolute}/empty`, { recursive: true })
    chmodSync(peer.path('rel/dir/run.sh'), 0o755)
    utimesSync(peer.path('rel/dir/run.sh'), 1_600_000_000, 1_600_000_000)
    symlinkSync('run.sh', peer.path('rel/dir/link'))

    expect(await save(saving('k', '~/.m2', 'rel/dir', absolute), peer.next())).toBe(succeeded)
    expect(peer.log).toContain(
      `Stored Cache to k\n  * ${peer.path('~/.m2')}\n  * ${peer.path('rel/dir')}\n  * ${absolute}\n`,
    )
    for (const path of ['~/.m2', 'rel', absolute]) rmSync(peer.path(path), { recursive: true })
    expect(await restore(restoring('k'), peer.next())).toBe(succeeded)

    expect(peer.read('~/.m2/a.jar')).toBe('m2')
    expect(statSync(peer.path('rel/dir/run.sh'))).toMatchObject({ mode: 0o100755, mtimeMs: 1_600_000_000_000 })
    expect(readlinkSync(peer.path('rel/dir/link'))).toBe('run.sh')
    expect(lstatSync(`${absolute}/empty`).isDirectory()).toBe(true)
  })

  test('a key that is taken is not stored again (187)', async () => {
    peer.files({ 'd/f': 'first' })
    await save(saving('k', 'd'), peer.next())
    peer.files({ 'd/f': 'second' })

    expect(await save(saving('k', 'd'), peer.next())).toBe(succeeded)

    expect(peer.log).toBe(
      'Skipping cache generation, cache already exists for key: k\n' +
        'Found one created by build 7 at 2023-11-14T22:13:20.000Z\n',
    )
    await restore(restoring('k'), peer.next())
    expect(peer.read('d/f')).toBe('first')
  })

  test('the first of two writers at once wins, and both succeed (203)', async () => {
    peer.files({ 'd/f': 'mine' })
    peer.duringUpload = () => peer.addCache('k', ['/other'], Buffer.from('theirs'))

    expect(await save(saving('k', 'd'), peer.next())).toBe(succeeded)

    expect(peer.log).toContain('Another job stored a cache for this key meanwhile')
    expect(peer.caches).toHaveLength(1)
  })

  test('missing paths and globs are warnings, the rest is stored (198)', async () => {
    peer.files({ 'd/f': 'x', 'node_modules/a/b': 'x' })

    expect(await save(saving('k', 'node_modules/*', 'd'), peer.next())).toBe(succeeded)

    expect(peer.log).toContain(`Warning: ${peer.path('node_modules/*')}: skipped: no such file or directory\n`)
    expect(peer.caches[0]?.paths).toEqual([peer.path('d')])
  })

  test.skipIf(!existsSync(shrinking))(
    'a file that shrank is a reason to store nothing: its key lives long',
    async () => {
      peer.files({ 'd/f': 'x' })

      expect(await save(saving('k', 'd', shrinking), peer.next())).toBe(succeeded)

      expect(peer.log).toContain('No cache is stored for key: k\nFiles changed while they were read.\n')
      expect(peer.uploads).toEqual([])
    },
  )

  test('what cannot be read is a warning, the rest is stored', async () => {
    peer.files({ 'd/f': 'x' })
    writeFileSync(Buffer.concat([Buffer.from(peer.path('d/')), Buffer.from([0xff])]), '')

    expect(await save(saving('k', 'd'), peer.next())).toBe(succeeded)

    expect(peer.log).toMatch(/Warning: \S+: its name is not UTF-8\n[\s\S]*Stored Cache to k\n/)
  })

  test('nothing is stored when nothing can be read', async () => {
    mkdirSync(peer.path('d'))
    writeFileSync(Buffer.concat([Buffer.from(peer.path('d/')), Buffer.from([0xff])]), '')

    expect(await save(saving('k', 'd'), peer.next())).toBe(succeeded)

    expect(peer.log).toMatch(/No cache is stored for key: k\nNothing of it can be read\.\n$/)
    expect(peer.uploads).toEqual([])
  })

  test('nothing is stored when no path exists', async () => {
    expect(await save(saving('k', 'none'), peer.next())).toBe(succeeded)
    expect(peer.log).toContain('No cache is stored for key: k\n')
    expect(peer.uploads).toEqual([])
  })

  test.each([
    ['a{{ checksum "missing.lock" }}', /^Error computing cache key: .*missing\.lock: no such file or directory\n/],
    ['{{ nope }}', /^Error computing cache key: .*function "nope" is not defined\n/],
    ['x'.repeat(901), /^Error computing cache key: the key has 901 characters/],
  ])('a key that cannot be had is a message (194, 197): %s', async (key, message) => {
    peer.files({ 'd/f': 'x' })
    expect(await save(saving(key, 'd'), peer.next())).toBe(succeeded)
    expect(peer.log).toMatch(message)
    expect(peer.uploads).toEqual([])
  })

  test('keys know the task: variables of project, context and platform, not those of the config (195, 196)', async () => {
    peer.files({ 'd/f': 'x', lock: 'lock' })
    const sum = createHash('sha256').update('lock').digest('base64').replaceAll('+', '-').replaceAll('/', '_')

    await save(
      saving(
        '{{ .Branch }} {{ .Revision }} {{ .BuildNum }} {{ .Environment.CIRCLE_JOB }} {{ .Environment.FROM_CONTEXT }} ' +
          '{{ .Environment.FROM_PROJECT }} {{ .Environment.FROM_JOB }} {{ .Environment.FROM_IMAGE }} {{ checksum "lock" }}',
        'd',
      ),
      peer.next({ env: { FROM_JOB: 'job' } }),
    )

    expect(peer.caches[0]?.key).toBe(`main c0ffee 42 build context project <no value> <no value> ${sum}`)
  })

  test('a refused upload is a warning, or a failure where the installation wants it; a lost task is no warning', async () => {
    peer.files({ 'd/f': 'x' })
    peer.refuse = (what) => (what === 'cache' ? new UplinkError(413, 'too large') : undefined)
    expect(await save(saving('k', 'd'), peer.next())).toBe(succeeded)
    expect(peer.log).toContain('Warning: the cache could not be stored: too large\n')

    const strict = peer.next({ spec: { cacheUploadMustSucceed: true } })
    expect(await save(saving('k', 'd'), strict)).toBe(failed)
    expect(peer.log).toContain('Error: the cache could not be stored: too large\n')

    peer.refuse = (what) => (what === 'cache' ? new UplinkError(410, 'gone') : undefined)
    await expect(save(saving('k', 'd'), peer.next())).rejects.toThrow('gone')
  })
})

describe('restore_cache', () => {
  async function stored(...keys: string[]): Promise<void> {
    for (const key of keys) {
      peer.files({ 'd/f': key })
      await save(saving(key, 'd'), peer.next())
    }
    rmSync(peer.path('d'), { recursive: true, force: true })
  }

  test.each<[string, string[], string[], string]>([
    ['the newest of several matches (188)', ['v1-a', 'v1-a-new'], ['v1-a'], 'v1-a-new'],
    ['a fallback (189)', ['x-0'], ['x-1', 'x-'], 'x-0'],
    ['only the first that matches (190)', ['b-1', 'a-1'], ['b-', 'a-'], 'b-1'],
    ['key before keys (191)', ['m', 'k'], ['k', 'm'], 'k'],
    ['past a key that cannot be rendered (194)', ['x-0'], ['{{ checksum "none" }}', 'x-'], 'x-0'],
  ])('takes %s', async (_, saved, keys, expected) => {
    await stored(...saved)
    expect(await restore(restoring(...keys), peer.next())).toBe(succeeded)
    expect(peer.read('d/f')).toBe(expected)
  })

  test('says what it found, as people know it', async () => {
    await stored('x-0')
    await restore(restoring('x-1', 'x-'), peer.next())
    const size = peer.caches[0]?.size
    expect(peer.log).toBe(
      `No cache is found for key: x-1\nFound a cache from build 7 at x-0\nSize: ${size} B\nCached paths:\n` +
        `  * ${peer.path('d')}\n\nDownloading cache archive...\nValidating cache...\n\nUnarchiving cache...\n`,
    )
  })

  test('no match is a message for each key (192)', async () => {
    expect(await restore(restoring('a', '{{ nope }}', 'b-{{ arch }}'), peer.next())).toBe(succeeded)
    expect(peer.log).toMatch(
      /^error computing cache key: .*"nope" is not defined\nNo cache is found for key: a\nNo cache is found for key: b-linux-\S+\n$/,
    )
  })

  test('replaces files and keeps unrelated ones (207)', async () => {
    await stored('k')
    peer.files({ 'd/f': 'old', 'd/other': 'other' })
    await restore(restoring('k'), peer.next())
    expect(peer.read('d/f')).toBe('k')
    expect(peer.read('d/other')).toBe('other')
  })

  test('files that cannot be written fail the step (204)', async () => {
    await stored('k')
    peer.files({ 'd/f/in-the-way': '' })
    expect(await restore(restoring('k'), peer.next())).toBe(failed)
    expect(peer.log).toContain(`Failed to unarchive cache\n${peer.path('d/f')}: directory not empty\n`)
  })

  test('an archive that leaves its listed paths is refused', async () => {
    await stored('k')
    for (const cache of peer.caches) cache.paths = [peer.path('elsewhere')]
    expect(await restore(restoring('k'), peer.next())).toBe(failed)
    expect(peer.log).toMatch(/Failed to unarchive cache\nthe archive holds .* outside its paths\n/)
    expect(() => peer.read('d/f')).toThrow('ENOENT')
  })

  test.each<[string, (cache: TaskPeer['caches'][number]) => unknown, RegExp]>([
    ['damaged', (cache) => cache.bytes.fill(0, 20, 30), /damaged in the store/],
    ['longer than announced', (cache) => Object.assign(cache, { size: cache.size - 1 }), /larger than/],
    ['gone', (cache) => Object.assign(cache, { bytes: undefined }), /cannot be had: .* not found/],
  ])('an archive that is %s counts as a miss', async (_, spoil, message) => {
    await stored('k')
    for (const cache of peer.caches) spoil(cache)
    expect(await restore(restoring('k'), peer.next())).toBe(succeeded)
    expect(peer.log).toMatch(message)
    expect(() => peer.read('d/f')).toThrow('ENOENT')
  })

  test('stops when told to, and leaves no temporary file', async () => {
    await stored('k')
    const context = peer.next()
    peer.cancel()
    await expect(restore(restoring('k'), context)).rejects.toThrow('canceled')
  })
})
