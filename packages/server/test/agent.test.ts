import { createHash, randomUUID } from 'node:crypto'
import type { Project } from '@orrery/engine'
import type { Claim, JobView } from '@orrery/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'
import { WorkTree, withToken } from './support/work-tree.ts'

let installation: Installation
let server: Server
let project: Project
let other: Project
let tree: WorkTree
let revision: string
let claimed: Claim
let agent: FakeAgent

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
  tree = await WorkTree.create()
  revision = await tree.commit('Change [skip ci]', {
    'a.txt': 'a',
    'sub/b.txt': 'b',
    '.gitattributes': 'sub export-ignore\n',
  })
  project = await server.registerProject({ slug: 'local/acme/app', from: tree.path })
  other = await server.registerProject({ slug: 'local/acme/other', from: tree.path })
})
afterAll(async () => {
  await installation.close()
  await tree.remove()
})
beforeEach(async () => {
  await startPlan(server.engine, project, onePlan(), revision)
  const next = await claim(server)
  if (!next) throw new Error('no task')
  claimed = next
  agent = new FakeAgent(server, claimed)
})

const user = () => apiOf(server, server.createUserToken('dev'))
const jobView = async () => (await user()('GET', `/api/private/jobs/${claimed.spec.jobId}`)).json() as JobView
/** The tokens of a job's identity are made at each call, with the second in which they were. */
const withoutTokens = (spec: Claim['spec']) =>
  JSON.stringify(spec, (_, value) => (typeof value === 'string' && value.startsWith('eyJ') ? 'a token' : value))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('a task', () => {
  it('goes from claim to success with its log', async () => {
    const asked = (await agent.call('GET', '/spec')).json() as Claim['spec']
    expect(withoutTokens(asked)).toEqual(withoutTokens(claimed.spec))
    expect((await agent.start()).json()).toEqual({ acked: 1 })
    expect((await agent.log(0, 'hello\n')).json()).toEqual({ size: 6 })
    expect((await agent.end('hello\n')).json()).toEqual({ acked: 2 })
    expect((await agent.finish()).json()).toEqual({ acked: 3 })
    expect(await jobView()).toMatchObject({ status: 'success', tasks: [{ steps: [{ step: 101, status: 'success' }] }] })
    const log = await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/log?task=0&step=101&attempt=0`)
    expect(log.text).toBe('hello\n')
    expect(log.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(log.headers.get('content-security-policy')).toContain('sandbox')
  })

  it('is told the size to go on from, and loses nothing over a restart of the server', async () => {
    await agent.start()
    await agent.log(0, 'one\n')
    const gap = await agent.log(8, 'three\n')
    expect([gap.status, gap.json()]).toEqual([409, { size: 4 }])
    expect((await agent.log(0, 'one\ntwo\n')).json()).toEqual({ size: 8 })
    await installation.stop(server)
    server = await installation.start()
    agent = new FakeAgent(server, claimed)
    expect((await agent.log(4, 'two\nthree\n')).json()).toEqual({ size: 14 })
    expect((await agent.event(endOf('one\ntwo\nthree\n'), 2)).json()).toEqual({ acked: 2 })
  })

  it('may not end a step before its log is whole and right', async () => {
    await agent.start()
    await agent.log(0, 'hel')
    const short = await agent.end('hello\n')
    expect([short.status, short.json()]).toMatchObject([422, { code: 'ORY_RECEIPT' }])
    expect((await jobView()).tasks[0]?.steps[0]?.status).toBe('running')
    await agent.log(3, 'LO\n')
    expect((await agent.end('hello\n')).status).toBe(422)
    expect((await agent.log(0, 'hello\n')).json()).toEqual({ size: 6 })
    expect((await agent.end('hello\n')).status).toBe(200)
    expect((await agent.log(6, 'late')).status).toBe(400)
  })

  it('may send a whole small log with the end of its step, or be told to send it by itself', async () => {
    const at = new Date().toISOString()
    const started = { type: 'step.started', step: 101, attempt: 0, name: 'Run', kind: 'run', seq: 1, at }
    const send = (text: string) => {
      const logs = [{ step: 101, attempt: 0, bytes: Buffer.from(text).toString('base64') }]
      const events = [started, { ...endOf('hello\n'), seq: 2, at }]
      return agent.call('POST', '/events', { source: 'agent', events, logs })
    }
    const wrong = await send('HELLO\n')
    expect([wrong.status, wrong.json()]).toMatchObject([422, { code: 'ORY_RECEIPT' }])
    expect((await jobView()).tasks[0]?.steps).toEqual([])

    for (let time = 0; time < 2; time += 1) expect((await send('hello\n')).json()).toEqual({ acked: 2 })

    expect((await jobView()).tasks[0]?.steps).toMatchObject([{ step: 101, status: 'success', logBytes: 6 }])
    const log = await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/log?task=0&step=101&attempt=0`)
    expect(log.text).toBe('hello\n')
    expect((await send('x'.repeat(5000))).status).toBe(400)
  })

  it('is told the number to go on from when events are missing', async () => {
    await agent.start()
    const gap = await agent.event(endOf(''), 7)
    expect([gap.status, gap.json()]).toMatchObject([409, { code: 'ORY_SEQUENCE', acked: 1 }])
    expect((await agent.event(endOf(''), 2)).json()).toEqual({ acked: 2 })
    expect((await agent.event(endOf(''), 2)).json()).toEqual({ acked: 2 })
  })

  it('that was given up is told so by every call', async () => {
    const api = apiOf(server, server.createRunnerToken('test'))
    const body = { epoch: claimed.epoch, reason: 'no room' }
    expect((await api('POST', `/api/runner/v1/tasks/${agent.taskId}/release`, body)).status).toBe(204)
    for (const answer of [await agent.start(), await agent.log(0, 'x'), await agent.call('GET', '/workspace')]) {
      expect([answer.status, answer.json()]).toMatchObject([410, { code: 'ORY_TASK_GONE' }])
    }
    const again = await claim(server)
    expect([again?.spec.taskId, again?.epoch]).toEqual([agent.taskId, claimed.epoch + 1])
    expect((await agent.log(0, 'x')).status).toBe(410)
  })

  it('hears of a cancel while it waits', async () => {
    await agent.start()
    const renewing = agent.call('POST', '/renew', { waitS: 30 })
    await user()('POST', `/api/v2/jobs/${claimed.spec.jobId}/cancel`)
    expect((await renewing).json()).toMatchObject({ command: 'cancel' })
  })

  it('is found again by its runner', async () => {
    const runner = { id: randomUUID(), name: 'r', version: '0', os: 'linux', arch: 'x64' }
    await startPlan(server.engine, project, onePlan(), revision)
    const mine = await claim(server, 5, runner)
    const answer = await apiOf(server, server.createRunnerToken('test'))('POST', '/api/runner/v1/hello', { runner })
    expect(answer.json()).toEqual({
      running: [{ taskId: mine?.spec.taskId, epoch: 1, taskToken: mine?.taskToken, started: false, maskValues: [] }],
    })
  })

  it('has no log of a megabyte more than one request may carry', async () => {
    const answer = await agent.call('PUT', '/logs/101/0?offset=0', Buffer.alloc(4 * 1024 * 1024 + 1))
    expect([answer.status, answer.json()]).toMatchObject([413, { code: 'ORY_TOO_LARGE' }])
    expect((await agent.call('PUT', '/logs/101/0?offset=0', Buffer.alloc(4 * 1024 * 1024, 'x'))).json()).toEqual({
      size: 4 * 1024 * 1024,
    })
  })

  it.each([
    '/logs/..%2f..%2fx/0?offset=0',
    '/logs/101/-1?offset=0',
    '/logs/101/0?offset=-1',
    '/logs/101/0',
    '/logs/1.5/0?offset=0',
  ])('cannot write a log at %s', async (path) => {
    expect((await agent.call('PUT', path, Buffer.from('x'))).status).toBe(400)
  })
})

describe('the source', () => {
  it('comes as a tar of the commit', async () => {
    const answer = await agent.call('GET', '/source.tar')
    expect(answer.headers.get('content-type')).toBe('application/x-tar')
    expect(answer.text).toContain('sub/b.txt')
  })

  it('comes by git, of the own project, and only to read', async () => {
    const base = `${server.url}/api/agent/v1/tasks/${agent.taskId}/git`
    const bearer = ['-c', `http.extraHeader=Authorization: Bearer ${claimed.taskToken}`]
    const url = `${base}/${project.slug}.git`
    const cloned = await tree.git(...bearer, 'clone', '-q', '--filter=blob:none', url, `clone-${agent.taskId}`)
    expect([cloned.code, cloned.stderr]).toEqual([0, ''])
    const pushed = await tree.git(...bearer, 'push', url, 'HEAD:refs/heads/evil')
    expect(pushed.stderr).toContain('403')
    const foreign = await tree.git(...bearer, 'ls-remote', `${base}/${other.slug}.git`)
    expect(foreign.stderr).toContain('not found')
    const direct = await tree.git('ls-remote', withToken(`${server.url}/git/${project.slug}.git`, claimed.taskToken))
    expect(direct.stderr).toContain('403')
  })
})

describe('an artifact', () => {
  const request = (path: string, contentType = 'text/html') => ({
    kind: 'artifact',
    name: `u-${path}`,
    path,
    contentType,
  })

  it('is sent in pieces over a broken connection and comes back whole or in part', async () => {
    const bytes = Buffer.from('<script>alert(1)</script>')
    const begin = await agent.call('POST', '/uploads', request('out/index.html'))
    const { uploadId } = begin.json() as { uploadId: string }
    expect(begin.json()).toEqual({ uploadId, offset: 0, committed: false })
    await agent.call('PUT', `/uploads/${uploadId}?offset=0`, bytes.subarray(0, 10))
    const gap = await agent.call('PUT', `/uploads/${uploadId}?offset=15`, bytes.subarray(15))
    expect([gap.status, gap.json()]).toEqual([409, { offset: 10 }])
    expect((await agent.call('POST', '/uploads', request('out/index.html'))).json()).toEqual({
      uploadId,
      offset: 10,
      committed: false,
    })
    await agent.call('PUT', `/uploads/${uploadId}?offset=8`, bytes.subarray(8))
    const commit = { size: bytes.length, sha256: sha256(bytes) }
    expect((await agent.call('POST', `/uploads/${uploadId}/commit`, commit)).json()).toEqual({ outcome: 'stored' })
    expect((await agent.call('POST', `/uploads/${uploadId}/commit`, commit)).json()).toEqual({ outcome: 'stored' })

    const list = (await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/artifacts`)).json()
    const url = `/api/private/jobs/${claimed.spec.jobId}/artifacts/0/out/index.html`
    expect(list).toEqual({ items: [{ path: 'out/index.html', nodeIndex: 0, size: bytes.length, url }] })
    const whole = await user()('GET', url)
    expect(whole.text).toBe(bytes.toString())
    expect(whole.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(whole.headers.get('content-security-policy')).toMatch(/^sandbox;/)
    expect(whole.headers.get('x-content-type-options')).toBe('nosniff')
    const part = await user()('GET', url, undefined, { range: 'bytes=1-6' })
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([
      206,
      'script',
      `bytes 1-6/${bytes.length}`,
    ])
    expect((await user()('GET', url, undefined, { range: 'bytes=99-' })).status).toBe(416)
  })

  it.each(['../../../keys.json', 'a b/é+%.txt', '?#;&'])(
    'may be called %s, which is a name and no path',
    async (path) => {
      await agent.upload(request(path, 'text/plain'), Buffer.from('safe'))
      const { items } = (await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/artifacts`)).json() as {
        items: { url: string }[]
      }
      const response = await server.app.inject({
        method: 'GET',
        url: items[0]?.url ?? '',
        headers: { 'circle-token': server.createUserToken('dev') },
      })
      expect(response.body).toBe('safe')
    },
  )

  it.each(['..%2f..%2f..%2fkeys.json', '%2e%2e/%2e%2e/keys.json', '%2fetc%2fpasswd'])(
    'is not found at %s',
    async (path) => {
      const answer = await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/artifacts/0/${path}`)
      expect(answer.status).toBe(404)
    },
  )
})

describe('an upload', () => {
  it('is stored only as announced', async () => {
    const { uploadId } = (await agent.call('POST', '/uploads', { kind: 'tests', name: 't' })).json() as {
      uploadId: string
    }
    await agent.call('PUT', `/uploads/${uploadId}?offset=0`, Buffer.from('abc'))
    const commit = (body: object) => agent.call('POST', `/uploads/${uploadId}/commit`, body)
    expect((await commit({ size: 3, sha256: 'f'.repeat(64) })).status).toBe(409)
    expect((await commit({ size: 3, sha256: '../'.repeat(21) + 'x' })).status).toBe(400)
  })

  it('of another task is not found', async () => {
    const { uploadId } = (await agent.call('POST', '/uploads', { kind: 'tests', name: 't' })).json() as {
      uploadId: string
    }
    await startPlan(server.engine, project, onePlan(), revision)
    const second = await claim(server)
    const stranger = second && new FakeAgent(server, second)
    expect((await stranger?.call('PUT', `/uploads/${uploadId}?offset=0`, Buffer.from('x')))?.status).toBe(404)
  })

  it('of test results shows them with their sums', async () => {
    const tests = [
      { name: 'a', classname: 'A', runTime: 1, result: 'success' },
      { name: 'b', classname: 'A', runTime: 1, result: 'failure', message: 'no' },
    ]
    const text = tests.map((one) => JSON.stringify(one)).join('\n')
    expect((await agent.upload({ kind: 'tests', name: 't' }, Buffer.from(text))).json()).toEqual({ outcome: 'stored' })
    expect((await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/tests`)).json()).toMatchObject({
      items: [{ name: 'a' }, { name: 'b', message: 'no' }],
      summary: { success: 1, failure: 1, error: 0, skipped: 0 },
    })
    const bad = await agent.upload({ kind: 'tests', name: 'bad' }, Buffer.from('{}'))
    expect([bad.status, bad.json()]).toMatchObject([400, { message: 'line 1 of the report is not understood' }])
  })

  it('of a cache is found by its prefix, in its project only', async () => {
    const key = `deps-${randomUUID()}`
    const bytes = Buffer.from('archive')
    await agent.upload({ kind: 'cache', name: 'c', key, paths: ['node_modules'] }, bytes)
    const found = (await agent.call('POST', '/caches/lookup', { keys: ['nope', key.slice(0, 20)] })).json()
    expect(found).toMatchObject({ hit: { key, size: 7, sha256: sha256(bytes), paths: ['node_modules'] } })
    const { hit } = found as { hit: { cacheId: string } }
    expect(hit).not.toHaveProperty('blobKey')
    expect((await agent.call('GET', `/caches/${hit.cacheId}`)).text).toBe('archive')
    expect((await agent.call('GET', `/caches/${hit.cacheId}`, undefined, { range: 'bytes=4-' })).text).toBe('ive')

    await startPlan(server.engine, other, onePlan(), revision)
    const foreign = await claim(server)
    const stranger = foreign && new FakeAgent(server, foreign)
    expect((await stranger?.call('POST', '/caches/lookup', { exact: key }))?.json()).toEqual({ hit: null })
    expect((await stranger?.call('GET', `/caches/${hit.cacheId}`))?.status).toBe(404)
  })
})

const endOf = (text: string) => ({
  type: 'step.ended' as const,
  step: 101,
  attempt: 0,
  status: 'success' as const,
  exitCode: 0,
  insignificant: false,
  log: { bytes: text.length, lines: text.split('\n').length - 1, sha256: sha256(Buffer.from(text)) },
})
