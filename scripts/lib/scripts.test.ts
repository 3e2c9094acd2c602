import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { findTrust } from './ca.mjs'
import { followStream } from './engine-api.mjs'
import { imageMap } from './images.mjs'
import { isInstalled } from './install.mjs'
import { createProgress } from './progress.mjs'
import { recipeHash } from './recipes.mjs'
import { countResults } from './test-results.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'orrery-scripts-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('is node_modules what the lock says?', () => {
  const needed = { version: '1.0.0', integrity: 'sha512-a' }
  const lock = {
    '': {},
    'packages/a': { version: '1.0.0' },
    'node_modules/needed': needed,
    'node_modules/tool': { version: '2.0.0', dev: true },
    'node_modules/other-platform': { version: '3.0.0', optional: true },
  }
  const tool = { 'node_modules/tool': { version: '2.0.0', dev: true } }

  it.each([
    { why: 'nothing is installed', present: undefined, dev: false, expected: false },
    { why: 'all but other platforms', present: { 'node_modules/needed': needed, ...tool }, dev: true, expected: true },
    { why: 'no tools, none wanted', present: { 'node_modules/needed': needed }, dev: false, expected: true },
    { why: 'no tools, but wanted', present: { 'node_modules/needed': needed }, dev: true, expected: false },
    { why: 'a package is missing', present: tool, dev: false, expected: false },
    {
      why: 'another version',
      present: { 'node_modules/needed': { ...needed, version: '1.0.1' } },
      dev: false,
      expected: false,
    },
    {
      why: 'the same version with other contents',
      present: { 'node_modules/needed': { ...needed, integrity: 'sha512-b' } },
      dev: false,
      expected: false,
    },
  ])('$expected: $why', ({ present, dev, expected }) => {
    const folder = mkdtempSync(join(scratch, 'lock-'))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: lock }))
    mkdirSync(join(folder, 'node_modules'))
    if (present) {
      writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: present }))
    }

    expect(isInstalled(folder, { dev })).toBe(expected)
  })
})

describe('what jobs need to reach the world', () => {
  const bundle = join(scratch, 'roots.pem')
  writeFileSync(bundle, '')

  it('takes the first bundle that can be read', () => {
    const found = findTrust({ NODE_EXTRA_CA_CERTS: join(scratch, 'gone.pem'), CURL_CA_BUNDLE: bundle })

    expect(found.caBundle).toBe(bundle)
  })

  it('hands on proxies, but not those that only this machine can reach', () => {
    const found = findTrust({
      HTTP_PROXY: 'http://proxy.example:3128',
      https_proxy: 'http://user:word@127.0.0.1:3128',
      no_proxy: 'localhost',
    })

    expect(found).toEqual({
      caBundle: undefined,
      environment: { HTTP_PROXY: 'http://proxy.example:3128', no_proxy: 'localhost' },
      unreachable: ['https_proxy'],
    })
  })
})

describe('the counts of a test run', () => {
  const file = (status: string, ...statuses: string[]) => ({
    status,
    assertionResults: statuses.map((status) => ({ status })),
  })

  it.each([
    { why: 'tests', files: [file('failed', 'passed', 'failed', 'skipped', 'todo')], exit: 1, expected: [1, 1, 2] },
    {
      why: 'a file that does not load',
      files: [file('passed', 'passed'), file('failed')],
      exit: 1,
      expected: [1, 1, 0],
    },
    { why: 'an error outside of tests', files: [file('passed', 'passed')], exit: 1, expected: [1, 1, 0] },
    { why: 'a run without a report', files: undefined, exit: 0, expected: [0, 1, 0] },
    { why: 'a good run', files: [file('passed', 'passed', 'passed')], exit: 0, expected: [2, 0, 0] },
  ])('$why', ({ files, exit, expected }) => {
    const { passed, failed, skipped } = countResults(files && { testResults: files }, exit)

    expect([passed, failed, skipped]).toEqual(expected)
  })
})

describe('local images', () => {
  const lookUp = (name: string) =>
    imageMap().find(({ match }) => new RegExp(`^${match.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name))
      ?.image

  it.each([
    ['cimg/base:2024.02', 'orrery/base:bookworm'],
    ['cimg/node:20.11', 'orrery/node:20'],
    ['node:22-alpine', 'orrery/node:22'],
    ['node', 'orrery/node:24'],
    ['circleci/node:8', 'orrery/node:24'],
    ['redis', 'orrery/redis:7'],
    ['cimg/redis:7.2', 'orrery/redis:7'],
    ['cimg/postgres:14.0', 'orrery/postgres:15'],
    ['cimg/python:3.11', 'orrery/python:3.11'],
    ['golang:1.21', 'orrery/go:1.19'],
    ['example.com/team/tool:1', undefined],
  ])('%s is %s', (name, image) => {
    expect(lookUp(name)).toBe(image)
  })

  it('are made anew when what they build on changes', () => {
    const recipe = { image: 'x:1', folder: 'redis', matches: [] }

    expect(recipeHash({ ...recipe, from: 'base' })).not.toBe(recipeHash({ ...recipe, from: 'busybox' }))
    expect(recipeHash(recipe)).toBe(recipeHash({ ...recipe }))
  })
})

describe('an image on its way to the engine', () => {
  it('is announced before its first byte, which a slow machine makes after the engine has lost patience', async () => {
    const archive = new PassThrough()
    let received = ''
    const engine = createServer(async (request, response) => {
      // Only now: an engine that waits for the request would wait for ever.
      archive.end('archive')
      for await (const bytes of request) received += bytes
      response.end('{"stream":"done"}')
    })
    const port = await new Promise((resolve) => {
      engine.listen(0, '127.0.0.1', () => {
        const address = engine.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })

    await followStream(`tcp://127.0.0.1:${port}`, '/images/create?fromSrc=-', archive)
    engine.close()

    expect(received).toBe('archive')
  })
})

describe('progress', () => {
  it('prints one line per step, and the mark of a failure', async () => {
    const lines: string[] = []
    const progress = createProgress((line) => lines.push(line))

    await progress.step(
      'engine',
      async () => 'Docker',
      (name) => name,
    )
    await expect(progress.step('images', () => Promise.reject(new Error('no')))).rejects.toThrow('no')

    expect(lines.map((line) => line.replace(/\d+\.\d/, '0.0'))).toEqual([
      '✓ engine: Docker (0.0 s)',
      '✗ images (0.0 s)',
    ])
  })
})

describe('npm run quickstart', () => {
  const quickstart = (...args: string[]) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../quickstart.mjs', import.meta.url)), ...args], {
      encoding: 'utf8',
    })

  it('tells its options', () => {
    expect(quickstart('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--port N') })
  })

  it.each([
    ['--what', "Unknown option '--what'"],
    ['--port=many', '--port takes a number'],
  ])('refuses %s before it prepares anything', (option, message) => {
    const { status, stdout, stderr } = quickstart(option)

    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/^ {4}at /m)
  })
})
