import { mkdirSync, symlinkSync, truncateSync } from 'node:fs'
import type { StoreArtifactsStep } from '@orrery/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileShrankError } from '../../spool/read-fully.ts'
import { UplinkError } from '../../uplink/uplink.ts'
import { TaskPeer } from '../save-cache/task-peer.ts'
import { failed, succeeded } from '../step.ts'
import { contentTypeOf } from './content-type.ts'
import { execute } from './index.ts'

let peer: TaskPeer
beforeEach(() => {
  peer = new TaskPeer()
})
afterEach(() => peer[Symbol.asyncDispose]())

function storing(path: string, destination?: string): StoreArtifactsStep {
  return {
    kind: 'store_artifacts',
    name: 'Uploading artifacts',
    origin: [],
    path,
    ...(destination ? { destination } : {}),
  }
}

/** Names of the stored artifacts, without the machine's own prefix. */
function stored(): Record<string, string> {
  const prefix = peer.dir.slice(1)
  const artifacts = peer.uploads.flatMap(({ request, bytes }) =>
    request.kind === 'artifact' ? [[request.path.replace(prefix, '<dir>'), bytes.toString()]] : [],
  )
  return Object.fromEntries(artifacts)
}

test.each<[string, StoreArtifactsStep, string[]]>([
  ['a file', storing('a.txt'), ['a.txt']],
  ['a file in HOME', storing('~/h.txt'), ['<dir>/home/h.txt']],
  ['a file with destination (229)', storing('a.txt', 'artifact-file'), ['artifact-file']],
  ['a file in a destination that is a folder', storing('~/h.txt', 'logs/'), ['logs/h.txt']],
  ['a directory (229)', storing('out'), ['out/.dot', 'out/b c+ü.txt', 'out/sub/d.txt']],
  ['a directory with destination (230)', storing('out/', '/dest/'), ['dest/.dot', 'dest/b c+ü.txt', 'dest/sub/d.txt']],
  ['a directory with destination .', storing('out', '.'), ['.dot', 'b c+ü.txt', 'sub/d.txt']],
  ['a destination that climbs', storing('out', '../../x'), ['x/.dot', 'x/b c+ü.txt', 'x/sub/d.txt']],
  ['a file with destination .', storing('a.txt', '.'), ['a.txt']],
  ['a variable, literally (235)', storing('$FOO/x'), ['$FOO/x']],
])('names %s', async (_, step, names) => {
  peer.files({
    'a.txt': 'a',
    '~/h.txt': 'h',
    'out/b c+ü.txt': 'b',
    'out/.dot': '.',
    'out/sub/d.txt': 'd',
    '$FOO/x': 'x',
  })
  mkdirSync(peer.path('out/empty'))

  expect(await execute(step, peer.next())).toBe(succeeded)

  expect(Object.keys(stored()).sort()).toEqual(names)
})

test('gives every upload of a step its own name, and the content type of its ending', async () => {
  peer.files({ 'out/a.html': '1', 'out/b.PNG': '2', 'out/c': '3' })

  await execute(storing('out', 'x'), peer.next())

  const requests = peer.uploads.map(({ request }) => request).sort((a, b) => a.name.localeCompare(b.name))
  expect(requests).toEqual([
    { kind: 'artifact', name: '101-0-artifact-0', path: 'x/a.html', contentType: 'text/html; charset=utf-8' },
    { kind: 'artifact', name: '101-0-artifact-1', path: 'x/b.PNG', contentType: 'image/png' },
    { kind: 'artifact', name: '101-0-artifact-2', path: 'x/c', contentType: 'application/octet-stream' },
  ])
})

test('follows links to files, not to directories, and notes links that lead nowhere', async () => {
  peer.files({ 'real.txt': 'real', 'dir/in.txt': 'in', 'out/a': 'a' })
  symlinkSync('../real.txt', peer.path('out/link'))
  symlinkSync('..', peer.path('out/up'))
  symlinkSync('nowhere', peer.path('out/dangling'))

  expect(await execute(storing('out', 'x'), peer.next())).toBe(succeeded)

  expect(stored()).toEqual({ 'x/a': 'a', 'x/link': 'real' })
  expect(peer.log).toContain(`Note: ${peer.path('out/dangling')} is a link that leads nowhere; left out\n`)
  expect(peer.log).toContain(`Note: ${peer.path('out/up')} is a link to something other than a file; left out\n`)
})

test('follows a link that the config names itself', async () => {
  peer.files({ 'dir/in.txt': 'in' })
  symlinkSync('dir', peer.path('link'))
  await execute(storing('link', 'x'), peer.next())
  expect(stored()).toEqual({ 'x/in.txt': 'in' })
})

test('reads the coverage reports among the artifacts; a broken one is a note', async () => {
  peer.files({
    'out/lcov.info': 'SF:a.ts\nDA:1,1\nDA:2,0\nend_of_record\n',
    'out/coverage.xml': '<coverage',
    'out/x.info': 'no',
  })

  expect(await execute(storing('out', 'x'), peer.next())).toBe(succeeded)

  const coverage = peer.uploads.filter(({ request }) => request.kind === 'coverage')
  expect(coverage.map(({ request }) => request)).toEqual([
    { kind: 'coverage', name: '101-0-coverage-1', report: 'x/lcov.info', format: 'lcov' },
  ])
  expect(JSON.parse(String(coverage[0]?.bytes))).toEqual({
    file: 'a.ts',
    lines: { covered: 1, total: 2 },
    branches: { covered: 0, total: 0 },
  })
  expect(peer.log).toMatch(
    /Note: x\/coverage.xml is no readable coverage report: .*\nRead coverage of 1 files from x\/lcov.info\n$/,
  )
  expect(peer.leftovers).toEqual([])
})

test.each(['none', 'empty'])('nothing to store is a message (231): %s', async (path) => {
  mkdirSync(peer.path('empty'))
  expect(await execute(storing(path), peer.next())).toBe(succeeded)
  expect(peer.log).toBe(`No artifact files found at ${peer.path(path)}\n`)
})

test('one byte too many fails the step, after the others (233)', async () => {
  peer.files({ 'out/a': '', 'out/b': '', 'out/c': 'c' })
  truncateSync(peer.path('out/a'), 1000)
  truncateSync(peer.path('out/b'), 1001)

  expect(await execute(storing('out', 'x'), peer.next())).toBe(failed)

  expect(Object.keys(stored()).sort()).toEqual(['x/a', 'x/c'])
  expect(peer.log).toContain(`Error: ${peer.path('out/b')} (1001 bytes) is larger than the limit of 1000 bytes\n`)
})

test('a refused file fails the step, after the others', async () => {
  peer.files({ 'out/a': 'a', 'out/b': 'b' })
  peer.refuse = (what) => (what === 'x/a' ? new UplinkError(413, 'no room') : undefined)

  expect(await execute(storing('out', 'x'), peer.next())).toBe(failed)

  expect(stored()).toEqual({ 'x/b': 'b' })
  expect(peer.log).toContain(`Error: ${peer.path('out/a')}: no room\n`)
})

test('a file that shrinks under its upload fails the step, after the others (A.10)', async () => {
  peer.files({ 'out/a': 'a', 'out/b': 'b' })
  peer.refuse = (what) => (what === 'x/a' ? new FileShrankError() : undefined)

  expect(await execute(storing('out', 'x'), peer.next())).toBe(failed)

  expect(stored()).toEqual({ 'x/b': 'b' })
  expect(peer.log).toContain(`Error: ${peer.path('out/a')}: it shrank while it was read\n`)
})

test.each([new UplinkError(410, 'gone'), new UplinkError(500, 'gone'), new Error('gone')])(
  'a lost task or a broken server ends it at once',
  async (error) => {
    peer.files({ 'out/a': 'a' })
    peer.refuse = () => error
    await expect(execute(storing('out'), peer.next())).rejects.toThrow('gone')
  },
)

test.each([
  ['a/b.tar.gz', 'application/gzip'],
  ['index.xhtml', 'application/xhtml+xml'],
  ['Makefile', 'application/octet-stream'],
  ['.json', 'application/octet-stream'],
  ['x.constructor', 'application/octet-stream'],
])('%s is %s', (path, type) => {
  expect(contentTypeOf(path)).toBe(type)
})
