import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { OrbResolver } from '../compile-types.ts'
import { digestOf } from '../registry/digest.ts'
import { type FetchText, fetcher, isPublicAddress } from '../registry/fetch.ts'
import { folderOrbs } from '../registry/folder.ts'
import { formatLock, lockedOrbs, parseLock } from '../registry/lock.ts'
import { urlOrbs } from '../registry/urls.ts'
import { pickVersion } from '../registry/versions.ts'
import { compileText } from '../testing/compile.ts'
import { commands } from './harness.ts'

const scratch = mkdtempSync(join(tmpdir(), 'orrery-orbs-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const write = (path: string, content: string) => {
  mkdirSync(dirname(join(scratch, path)), { recursive: true })
  writeFileSync(join(scratch, path), content)
}
const saying = (word: string) => `version: 2.1\ncommands: {say: {steps: [{run: ${word}}]}}`
const using = (reference: string) =>
  `version: 2.1\norbs: {o: "${reference}"}\njobs: {build: {docker: [{image: i}], steps: [o/say]}}`

describe('versions (19.2)', () => {
  const known = ['1.2.3', '1.2.10', '1.10.0', '2.0.0', '10.0.0-rc1', 'v3.0.0', '03.0.0', 'dev:a', 'dev:b/../c', '']
  test.each([
    ['1.2.3', '1.2.3'],
    ['1.2', '1.2.10'],
    ['1', '1.10.0'],
    ['volatile', '2.0.0'],
    ['dev:a', 'dev:a'],
    ['dev:b/../c', 'dev:b/../c'],
    ['dev:x', undefined],
    ['1.2.4', undefined],
    ['3', undefined],
    ['10', undefined],
    ['0', undefined],
  ])('%s is %s', (requested, expected) => {
    expect(pickVersion(requested, known)).toBe(expected)
  })
})

describe('orbs of a folder', () => {
  const orbs = folderOrbs(join(scratch, 'orbs'))
  beforeAll(() => {
    write('orbs/acme__tool/src/@orb.yml', 'version: 2.1')
    write('orbs/acme__tool/src/commands/say.yml', 'steps: [{run: newest}]')
    write('orbs/acme__tool/versions/1.2.3/src/@orb.yml', saying('old'))
    write('orbs/acme__tool/versions/1.10.0/@orb.yml', saying('new'))
    write('orbs/acme__tool/versions/as-of-2020/src/@orb.yml', saying('undated'))
    write('orbs/acme__alone/src/orb.yml', saying('alone'))
    write('orbs/acme/packed@2.1.0.yml', saying('packed'))
    write('orbs/acme/packed@2.0.0/@orb.yml', saying('folder'))
    write('orbs/acme/packed@dev:first.yml', saying('dev'))
    write('orbs/acme__broken/versions/1.0.0/src/@orb.yml', 'a: [')
    write('orbs/acme/nested@1.0.0.yml', 'version: 2.1\norbs: {t: acme/tool@1.2}\ncommands: {say: {steps: [t/say]}}')
  })

  test.each([
    ['acme/tool@1.2', '1.2.3', 'old'],
    ['acme/tool@1', '1.10.0', 'new'],
    ['acme/tool@volatile', '1.10.0', 'new'],
    ['acme/tool@dev:mine', 'dev:mine', 'newest'],
    ['acme/alone@volatile', 'volatile', 'alone'],
    ['acme/packed@2', '2.1.0', 'packed'],
    ['acme/packed@2.0', '2.0.0', 'folder'],
    ['acme/packed@dev:first', 'dev:first', 'dev'],
    ['acme/nested@1', '1.0.0', 'old'],
  ])('%s is %s', async (reference, version, word) => {
    const result = await compileText(using(reference), { orbs })

    expect(result.diagnostics).toEqual([])
    expect(commands(result)).toEqual([word])
    expect(result.orbLock[0]?.resolved).toBe(`${reference.split('@')[0]}@${version}`)
  })

  test.each([
    ['acme/tool@3', '1.2.3, 1.10.0'],
    ['acme/alone@1', 'working copy'],
    ['acme/none@1', 'holds no orb acme/none'],
    ['acme/packed@dev:../../x', '2.0.0, 2.1.0'],
    ['acme/broken@1.0.0', '@orb.yml:1'],
  ])('%s is told missing, with what there is', async (reference, hint) => {
    const { diagnostics } = await compileText(using(reference), { orbs })

    expect(diagnostics.map((one) => one.code)).toEqual(['C421'])
    expect(diagnostics[0]?.hint).toContain(hint)
  })

  it('no folder at all is a diagnostic, not a crash', async () => {
    const { diagnostics } = await compileText(using('acme/tool@1'), { orbs: folderOrbs('/nowhere/at/all') })
    expect(diagnostics[0]?.hint).toContain('/nowhere/at/all holds no orb')
  })
})

describe('the lock file', () => {
  const releases = new Map([
    ['acme/tool@1.0.0', saying('one')],
    ['acme/tool@1.1.0', saying('two')],
  ])
  const orbs: OrbResolver = {
    resolve: async (reference) => {
      const resolved = reference === 'acme/tool@1' ? [...releases.keys()].at(-1) : reference
      const text = releases.get(resolved ?? '')
      if (text === undefined || resolved === undefined) return { ok: false, reason: 'none' }
      return { ok: true, resolved, text, digest: digestOf(text) }
    },
  }
  const locked = (text: string) => {
    const { lock } = parseLock({ text, file: 'orbs.lock' })
    if (!lock) throw new Error('no lock')
    return lockedOrbs(lock, orbs)
  }
  const pin = (word: string) =>
    formatLock([
      { alias: 'x', requested: 'acme/zzz@1', resolved: 'acme/zzz@1.0.0', digest: digestOf('z') },
      { alias: 'o', requested: 'acme/tool@1', resolved: 'acme/tool@1.0.0', digest: digestOf(saying(word)) },
    ])

  it('is stable text that people can review', () => {
    expect(pin('one')).toBe(
      [
        '# What every orb of the config resolves to. Written by `orrery orb lock`; review changes of it like code.',
        'version: 1',
        'orbs:',
        '  "acme/tool@1":',
        '    resolved: acme/tool@1.0.0',
        `    digest: ${digestOf(saying('one'))}`,
        '  "acme/zzz@1":',
        '    resolved: acme/zzz@1.0.0',
        `    digest: ${digestOf('z')}`,
        '',
      ]
        .join('\n')
        .replaceAll('"', ''),
    )
  })

  it('holds a version back when a newer one is out', async () => {
    const result = await compileText(using('acme/tool@1'), { orbs: locked(pin('one')) })
    expect([result.diagnostics, commands(result)]).toEqual([[], ['one']])
    expect(commands(await compileText(using('acme/tool@1'), { orbs }))).toEqual(['two'])
  })

  it('refuses a text with another digest', async () => {
    const { diagnostics, ok } = await compileText(using('acme/tool@1'), { orbs: locked(pin('changed')) })
    expect([ok, diagnostics.map((one) => one.code)]).toEqual([false, ['C436']])
    expect(diagnostics[0]?.message).toContain('acme/tool@1.0.0')
  })

  it('warns of an orb that it lacks', async () => {
    const result = await compileText(using('acme/tool@1.1.0'), { orbs: locked(pin('one')) })
    expect([result.ok, result.diagnostics.map((one) => one.code)]).toEqual([true, ['W940']])
  })

  it('may be JSON, and reads back what it wrote', () => {
    const digest = digestOf('a')
    const entry = { alias: 'a', requested: 'a1/b1@1', resolved: 'a1/b1@1.0.0', digest }
    const json = JSON.stringify({ version: 1, orbs: { 'a1/b1@1': { resolved: 'a1/b1@1.0.0', digest } } })
    const both = [formatLock([entry]), json].map((text) => parseLock({ text, file: 'l' }).lock)
    expect(both).toEqual([both[0], both[0]])
    expect(both[0]?.get('a1/b1@1')).toEqual({ resolved: 'a1/b1@1.0.0', digest })
  })

  test.each([
    ['another version', 'version: 2', 'C437 1:10'],
    ['no version', 'orbs: {}', 'C437 1:1'],
    ['orbs as a list', 'version: 1\norbs: []', 'C437 2:7'],
    ['an entry without digest', 'version: 1\norbs:\n  a1/b1@1: {resolved: a1/b1@1.0.0}', 'C437 3:3'],
    ['no YAML', 'a: [', 'C100 1:4'],
    ['a list', '[]', 'C102 1:1'],
  ])('faults: %s', (_, text, expected) => {
    const { lock, diagnostics } = parseLock({ text, file: 'orbs.lock' })
    expect(lock).toBeUndefined()
    expect(diagnostics.map(({ code, range }) => `${code} ${range.start.line}:${range.start.column}`)).toEqual([
      expected,
    ])
  })
})

describe('URL orbs (19.3)', () => {
  const asked: string[] = []
  const fetch: FetchText = async (url) => {
    asked.push(url)
    return url.endsWith('404.yml') ? { reason: 'the server answered 404' } : { text: saying('url') }
  }
  const orbs = urlOrbs(['https://a.example/orbs/', 'https://bad.example/no-slash'], fetch)

  it('come from allowed addresses', async () => {
    const result = await compileText(using('https://a.example/orbs/x.yml'), { orbs })
    expect([result.diagnostics, commands(result)]).toEqual([[], ['url']])
  })

  test.each([
    ['https://a.example/other/x.yml', 'C423'],
    ['https://a.example/orbs-of-others/x.yml', 'C423'],
    ['https://a.example/orbs/../other/x.yml', 'C423'],
    ['https://a.example/orbs/%2e%2e/other/x.yml', 'C423'],
    ['https://a.example\\@b.example/orbs/x.yml'.replace('\\', '%5C'), 'C423'],
    ['https://user@a.example/orbs/x.yml', 'C423'],
    ['https://bad.example/no-slash-either.yml', 'C423'],
    ['https://a.example/orbs/404.yml', 'C424'],
    ['http://a.example/orbs/x.yml', 'C420'],
  ])('%s: %s', async (url, code) => {
    asked.length = 0
    const { diagnostics } = await compileText(using(url), { orbs })
    expect(diagnostics.map((one) => one.code)).toEqual([code])
    expect(asked).toHaveLength(code === 'C424' ? 1 : 0)
  })

  test.each([
    ['127.0.0.1', '127.9.9.9', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
    ['::1', '::', 'fe80::1', 'fc00::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'localhost', ''],
  ])('private addresses are not public: %s …', (...addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([])
  })

  it('public addresses are', () => {
    expect(['1.1.1.1', '172.32.0.1', '2606:4700::1111'].map(isPublicAddress)).toEqual([true, true, true])
  })
})

describe('fetching', () => {
  const server = createServer()
  let base = ''
  let ca = ''
  beforeAll(async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(scratch, name))
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const files = ['-keyout', key ?? '', '-out', cert ?? '']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject], {
      stdio: 'ignore',
    })
    ca = readFileSync(cert ?? '', 'utf8')
    server.setSecureContext({ key: readFileSync(key ?? ''), cert: ca })
    server.on('request', (request, response) => {
      if (request.url === '/ok') response.end('text')
      else if (request.url === '/redirect') response.writeHead(302, { location: '/ok' }).end()
      else if (request.url === '/large') response.end('x'.repeat(2000))
      else if (request.url !== '/never') response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `https://localhost:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const get = (path: string, allowAddress = (_: string) => true, timeoutMs = 5000) =>
    fetcher({ allowAddress, maxBytes: 1000, timeoutMs, ca })(`${base}${path}`)

  it('gives the text', async () => expect(await get('/ok')).toEqual({ text: 'text' }))
  it('follows no redirect', async () => expect(await get('/redirect')).toEqual({ reason: 'the server answered 302' }))
  it('says what a server answers', async () => expect(await get('/x')).toEqual({ reason: 'the server answered 404' }))
  it('ends at the size limit', async () =>
    expect(await get('/large')).toEqual({ reason: 'it is larger than 1000 bytes' }))
  it('ends at the time limit', async () => {
    expect(await get('/never', () => true, 200)).toEqual({ reason: 'no answer within 0.2 s' })
  })
  it('connects to no private address, by name or by number', async () => {
    expect(await get('/ok', isPublicAddress)).toEqual({ reason: 'localhost has no public address' })
    const byNumber = fetcher({ allowAddress: isPublicAddress, maxBytes: 10, timeoutMs: 1000 })
    expect(await byNumber('https://127.0.0.1:1/')).toEqual({ reason: '127.0.0.1 is not a public address' })
    expect(await byNumber('https://0x7f000001/')).toEqual({ reason: '127.0.0.1 is not a public address' })
    expect(await byNumber('https://[::1]/')).toEqual({ reason: '::1 is not a public address' })
  })
})
