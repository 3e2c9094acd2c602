import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Tokens } from '../src/auth/tokens.ts'
import type { Server } from '../src/index.ts'
import { loadKeys } from '../src/keys.ts'
import { apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'

/** Every route that asks nobody who they are, with the reason. A new one needs a line here. */
const publicRoutes: Record<string, string> = {
  'GET /login': 'this is where one logs in',
  'POST /api/private/login': 'this is where the web app logs in',
  'GET /*': 'the web app itself; it holds no data',
  'GET /oidc/.well-known/openid-configuration': 'how others verify tokens of jobs',
  'GET /oidc/.well-known/jwks': 'the public key for it',
  'GET /oidc/org/:organization/.well-known/openid-configuration': 'the same for one organization',
  'GET /oidc/org/:organization/.well-known/jwks': 'the same for one organization',
  'POST /api/v2/pipeline/continue':
    'the continuation key in the body says who asks; without the right one nothing happens',
}

let installation: Installation
let server: Server
let tokens: Record<string, string>

beforeAll(async () => {
  installation = await Installation.create()
  const webDir = join(installation.dataDir, 'web')
  await mkdir(join(webDir, 'assets'), { recursive: true })
  await writeFile(join(webDir, 'index.html'), '<title>app</title>')
  await writeFile(join(webDir, 'assets', 'app-1234.js'), 'run()')
  await writeFile(join(installation.dataDir, 'secret.txt'), 'secret')
  server = await installation.start({ webDir })
  const signer = new Tokens((await loadKeys(join(installation.dataDir, 'server'))).tokenKey)
  tokens = {
    user: server.createUserToken('dev'),
    git: server.createUserToken('dev'),
    runner: server.createRunnerToken('one'),
    task: signer.task({ taskId: randomUUID(), epoch: 1 }),
  }
})
afterAll(() => installation.close())

const fill = (url: string) =>
  url
    .replaceAll(/:(slug|vcs|org|name)/g, 'x')
    .replaceAll(/:(node|step|attempt)/g, '0')
    .replaceAll(/:\w+/g, randomUUID())

describe('every route', () => {
  it('is closed to strangers unless listed with a reason', async () => {
    expect(server.app.accessTable.length).toBeGreaterThan(30)
    const open = server.app.accessTable.filter((route) => route.access === 'public')
    expect(open.map(({ method, url }) => `${method} ${url}`).sort()).toEqual(Object.keys(publicRoutes).sort())
    for (const { method, url } of server.app.accessTable.filter((route) => route.access !== 'public')) {
      const response = await server.app.inject({ method: method as 'GET', url: fill(url) })
      expect([`${method} ${url}`, response.statusCode]).toEqual([`${method} ${url}`, 401])
      expect(response.json()).toMatchObject({ message: 'You must log in first.', code: 'ORY_UNAUTHENTICATED' })
    }
  })

  it('refuses tokens of another kind, and tokens it did not sign', async () => {
    for (const { method, url, access } of server.app.accessTable.filter((route) => route.access !== 'public')) {
      for (const [kind, token] of Object.entries(tokens)) {
        if (kind === access || (['user', 'git'].includes(kind) && ['user', 'git'].includes(access))) continue
        const response = await server.app.inject({
          method: method as 'GET',
          url: fill(url),
          headers: { 'circle-token': token },
        })
        expect([`${method} ${url}`, kind, response.statusCode]).toEqual([`${method} ${url}`, kind, 403])
      }
      const forged = { authorization: `Bearer ${tokens[access]?.slice(0, -2)}AA` }
      const response = await server.app.inject({ method: method as 'GET', url: fill(url), headers: forged })
      expect([`${method} ${url}`, response.statusCode]).toEqual([`${method} ${url}`, 401])
    }
  })

  it('of the agent refuses the token of another task', async () => {
    for (const { method, url } of server.app.accessTable.filter((route) => route.access === 'task')) {
      const headers = { authorization: `Bearer ${tokens['task']}` }
      const body = url.endsWith('/commit') ? { size: 0, sha256: '0'.repeat(64) } : bodies[url.split('/').at(-1) ?? '']
      const query = method === 'PUT' ? '?offset=0' : ''
      const response = await server.app.inject({
        method: method as 'GET',
        url: fill(url) + query,
        headers,
        ...(body && { body }),
      })
      expect([`${method} ${url}`, response.statusCode]).toEqual([`${method} ${url}`, 403])
    }
  })
})

const bodies: Record<string, object> = {
  events: { source: 'agent', events: [] },
  renew: { waitS: 0 },
  token: { audience: 'x' },
  lookup: { exact: 'x' },
  uploads: { kind: 'tests', name: 'x' },
  'test-queue': { suite: 'x', tests: [], done: 0 },
  'test-impact': { key: 'x' },
  selection: { suite: 'x', question: '0'.repeat(40), selection: { selected: [], skipped: [], stale: [] } },
}

describe('a session', () => {
  const login = async () => {
    const response = await fetch(server.loginUrl('dev'), { redirect: 'manual' })
    return { response, cookie: response.headers.getSetCookie()[0] ?? '' }
  }

  it('is set by the login address, which leads away from the token at once', async () => {
    const { response, cookie } = await login()
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/')
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax/)
    expect(cookie).not.toContain(server.createUserToken('dev'))
    const me = await apiOf(server, null)('GET', '/api/private/me', undefined, { cookie: cookie.split(';')[0] ?? '' })
    expect(me.json()).toEqual({ login: 'dev', admin: true })
  })

  it('is not given for a wrong token', async () => {
    const response = await apiOf(server, null)('POST', '/api/private/login', { token: tokens['runner'] })
    expect(response.status).toBe(401)
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it.each([
    ['no sign of a page of ours', {}, 403],
    ['another site', { origin: 'https://evil.example' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['another site that adds our header', { origin: 'https://evil.example', 'x-orrery': '1' }, 403],
    ['our own page', { origin: 'own' }, 404],
    ['a tool', { 'x-orrery': '1' }, 404],
  ])('changes things only for ourselves: %s', async (_, headers, status) => {
    const cookie = (await login()).cookie.split(';')[0] ?? ''
    const own = 'origin' in headers && headers.origin === 'own' ? { origin: server.url } : headers
    const path = `/api/v2/workflow/${randomUUID()}/cancel`
    const answer = await apiOf(server, null)('POST', path, undefined, { cookie, ...(own as Record<string, string>) })
    expect(answer.status).toBe(status)
  })
})

describe('an error', () => {
  it.each([
    ['GET', '/api/private/jobs/not-an-id', undefined, 400, 'params.id'],
    ['GET', `/api/private/jobs/${randomUUID()}`, undefined, 404, 'Job not found'],
    ['GET', '/api/private/nothing', undefined, 404, '/api/private/nothing not found'],
    ['POST', '/api/v2/project/local%2Fno%2Fsuch/pipeline', {}, 404, 'Project not found'],
    ['POST', '/api/v2/project/local/no/such/pipeline', { branch: 'a', tag: 'b' }, 400, 'exclude each other'],
    ['GET', '/api/private/stream?scope=some', undefined, 400, 'scope is all'],
  ])('%s %s answers with a sentence', async (method, path, body, status, message) => {
    const answer = await apiOf(server, tokens['user'] ?? '')(method, path, body)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(answer.json()).toMatchObject({ message: expect.stringContaining(message), help: expect.any(String) })
    expect(answer.text).not.toMatch(/\bat .*\.ts/)
  })

  it('is not made of an empty body under a JSON type', async () => {
    const answer = await apiOf(server, tokens['user'] ?? '')(
      'POST',
      `/api/v2/workflow/${randomUUID()}/rerun`,
      undefined,
      {
        'content-type': 'application/json; charset=utf-8',
      },
    )
    expect([answer.status, answer.json()]).toMatchObject([404, { message: 'Workflow not found' }])
  })
})

describe('the web app', () => {
  const get = (path: string) => server.app.inject({ method: 'GET', url: path })

  it('is served under every address of a page, with a strict policy', async () => {
    for (const path of ['/', '/pipeline/1', '/login']) {
      const answer = await get(path)
      expect([path, answer.statusCode, answer.body]).toEqual([path, 200, '<title>app</title>'])
      expect(answer.headers['content-security-policy']).toContain("script-src 'self'")
      expect(answer.headers['cache-control']).toBe('no-cache')
    }
  })

  it('says so when it is not built', async () => {
    const bare = await installation.start()
    const answer = await bare.app.inject({ method: 'GET', url: '/' })
    expect([answer.statusCode, answer.body]).toEqual([200, expect.stringContaining('The web app is not built')])
    await installation.stop(bare)
  })

  it('caches hashed files for ever and never answers a missing one with a page', async () => {
    const asset = await get('/assets/app-1234.js')
    expect(asset.headers['cache-control']).toContain('immutable')
    expect(asset.body).toBe('run()')
    expect((await get('/assets/app-9999.js')).statusCode).toBe(404)
  })

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/%00',
    '/.git/config',
  ])('gives away nothing outside its folder: %s', async (path) => {
    const answer = await get(path)
    expect(answer.body).not.toContain('secret\n')
    expect(answer.body).not.toBe('secret')
    expect([200, 400, 403, 404]).toContain(answer.statusCode)
  })
})
