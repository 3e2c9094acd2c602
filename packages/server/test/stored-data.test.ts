import { createHash } from 'node:crypto'
import { readdir, readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Project } from '@orrery/engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DiskBlobs } from '../src/blobs/disk.ts'
import { UploadStore } from '../src/blobs/upload-store.ts'
import type { Server } from '../src/index.ts'
import { collectOnce } from '../src/loops/garbage.ts'
import { apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'

const dayMs = 24 * 3600 * 1000
let installation: Installation
let server: Server
let project: Project
let aheadMs = 0
const clock = { now: () => new Date(Date.now() + aheadMs) }

beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start({ clock })
  project = await server.registerProject({ slug: 'local/acme/app' })
})
afterAll(() => installation.close())

const user = () => apiOf(server, server.createUserToken('dev'))
const dir = (name: string) => join(installation.dataDir, 'server', name)

async function nextAgent() {
  await startPlan(server.engine, project, onePlan())
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  return { claimed, agent: new FakeAgent(server, claimed) }
}

async function finish(agent: FakeAgent): Promise<void> {
  await agent.start()
  await agent.end('')
  await agent.finish()
}

/** One round of the server's own garbage collection. */
async function collect(): Promise<void> {
  const blobs = new DiskBlobs(dir('blobs'), clock)
  await collectOnce({ engine: server.engine, blobs, uploads: new UploadStore(dir('uploads'), blobs) })
}

async function storedBlobs(): Promise<number> {
  const files = await readdir(dir('blobs'), { recursive: true, withFileTypes: true })
  return files.filter((file) => file.isFile()).length
}

describe('artifacts', () => {
  it('of awkward names are had by their address, as text or as a download, in a sandbox (232, 234, 236)', async () => {
    const { claimed, agent } = await nextAgent()
    const names = ['with space/ü+%41&?#.html', 'quote\'"<b>.txt', '日本.bin', '..\\x']
    for (const [index, path] of names.entries()) {
      await agent.upload(
        {
          kind: 'artifact',
          name: `a${index}`,
          path,
          contentType: path.endsWith('html') ? 'text/html' : 'image/svg+xml',
        },
        Buffer.from(path),
      )
    }
    await finish(agent)

    const list = `/api/v2/project/local/acme/app/${claimed.spec.jobNumber}/artifacts`
    const { items } = (await user()('GET', list)).json() as {
      items: { path: string; node_index: number; url: string }[]
    }
    expect(items.map(({ path, node_index }) => [path, node_index])).toEqual([...names].sort().map((path) => [path, 0]))
    for (const { path, url } of items) {
      const answer = await user()('GET', url)
      expect([answer.status, answer.text]).toEqual([200, path])
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox;/)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    }
    expect((await user()('GET', list.replaceAll('local/acme/app', 'local%2Facme%2Fapp'))).json()).toEqual({
      items,
      next_page_token: null,
    })
  })

  it('stored again by the same node are the later file', async () => {
    const { claimed, agent } = await nextAgent()
    for (const text of ['first', 'second']) {
      await agent.upload({ kind: 'artifact', name: text, path: 'a', contentType: 'text/plain' }, Buffer.from(text))
    }
    await finish(agent)
    const answer = await user()('GET', `/api/private/jobs/${claimed.spec.jobId}/artifacts/0/a`)
    expect(answer.text).toBe('second')
  })

  it('larger than the limit are refused while they arrive (233)', async () => {
    const { claimed, agent } = await nextAgent()
    const small = await installation.start({ clock, limits: { artifactBytes: 10 } })
    const request = { kind: 'artifact', name: 'big', path: 'big', contentType: 'text/plain' }
    const { uploadId } = (await agent.call('POST', '/uploads', request)).json() as { uploadId: string }
    const narrow = new FakeAgent(small, claimed)
    const put = (bytes: number) => narrow.call('PUT', `/uploads/${uploadId}?offset=0`, Buffer.alloc(bytes))
    expect((await put(11)).status).toBe(413)
    expect((await put(10)).status).toBe(200)
    await finish(agent)
    await installation.stop(small)
  })

  it('of the newest job are listed for scripts, by branch and outcome (238)', async () => {
    const { claimed, agent } = await nextAgent()
    await agent.upload({ kind: 'artifact', name: 'n', path: 'newest', contentType: 'text/plain' }, Buffer.from('x'))
    const path = '/api/v1.1/project/local/acme/app'
    expect((await user()('GET', `${path}/latest/artifacts?filter=running`)).json()).toMatchObject({
      code: 'ORY_NOT_FOUND',
    })
    await finish(agent)
    const latest = async (query = '') => (await user()('GET', `${path}/latest/artifacts${query}`)).json()

    const expected = [{ path: 'newest', pretty_path: 'newest', node_index: 0, url: expect.stringContaining('/newest') }]
    expect(await latest()).toEqual(expected)
    expect(await latest('?branch=main&filter=successful')).toEqual(expected)
    expect(await latest('?branch=none')).toMatchObject({ code: 'ORY_NOT_FOUND' })
    expect(await latest('?filter=failed')).toMatchObject({ code: 'ORY_NOT_FOUND' })
    expect((await user()('GET', `${path}/${claimed.spec.jobNumber}/artifacts`)).json()).toEqual(expected)
  })
})

describe('reports', () => {
  it('of tests and coverage are read by people and scripts (246)', async () => {
    const { claimed, agent } = await nextAgent()
    const test = { name: 'n', classname: 'c', runTime: 1, result: 'failure', message: 'm' }
    await agent.upload({ kind: 'tests', name: 't' }, Buffer.from(`${JSON.stringify(test)}\n`))
    const rows = [
      { file: 'a.ts', lines: { covered: 1, total: 4 }, branches: { covered: 0, total: 2 } },
      { file: 'b.ts', lines: { covered: 2, total: 2 }, branches: { covered: 0, total: 0 } },
    ]
    const more = [{ file: 'a.ts', lines: { covered: 3, total: 4 }, branches: { covered: 1, total: 2 } }]
    for (const [report, files] of Object.entries({ 'lcov.info': rows, 'more.info': more })) {
      const bytes = Buffer.from(files.map((one) => JSON.stringify(one)).join('\n'))
      expect((await agent.upload({ kind: 'coverage', name: report, report, format: 'lcov' }, bytes)).status).toBe(200)
    }
    const bad = await agent.upload({ kind: 'coverage', name: 'x', report: 'x', format: 'lcov' }, Buffer.from('{}'))
    expect([bad.status, bad.json()]).toMatchObject([400, { code: 'ORY_BAD_REQUEST' }])
    await finish(agent)

    const { jobId, jobNumber } = claimed.spec
    expect((await user()('GET', `/api/private/jobs/${jobId}/coverage`)).json()).toEqual({
      items: [
        { report: 'lcov.info', format: 'lcov', nodeIndex: 0, files: rows },
        { report: 'more.info', format: 'lcov', nodeIndex: 0, files: more },
      ],
      summary: { lines: { covered: 5, total: 6 }, branches: { covered: 1, total: 2 } },
    })
    const shown = { message: 'm', source: 'test-suite', run_time: 1, result: 'failure', name: 'n', classname: 'c' }
    expect((await user()('GET', `/api/v2/project/local/acme/app/${jobNumber}/tests`)).json()).toEqual({
      items: [shown],
      next_page_token: null,
    })
    expect((await user()('GET', `/api/v1.1/project/local/acme/app/${jobNumber}/tests`)).json()).toEqual({
      tests: [shown],
    })
  })
})

describe('garbage collection', () => {
  it('removes bytes that nothing names, and no others (205, 237)', async () => {
    const { claimed, agent } = await nextAgent()
    const bytes = (text: string) => Buffer.from(`${text} ${claimed.spec.jobId}`)
    await agent.upload({ kind: 'cache', name: 'c', key: 'k', paths: [] }, bytes('cache'))
    await agent.upload({ kind: 'artifact', name: 'a', path: 'a', contentType: 'text/plain' }, bytes('artifact'))
    const { uploadId } = (await agent.call('POST', '/uploads', { kind: 'tests', name: 'cut' })).json() as {
      uploadId: string
    }
    await agent.call('PUT', `/uploads/${uploadId}?offset=0`, bytes('cut'))
    aheadMs += 2 * dayMs
    await collect()
    expect(await readdir(dir('uploads'))).toEqual([uploadId])
    const before = await storedBlobs()
    await finish(agent)

    aheadMs += 14 * dayMs
    await collect()

    expect(await storedBlobs()).toBe(before - 1)
    expect(await readdir(dir('uploads'))).toEqual([])
    const artifact = `/api/private/jobs/${claimed.spec.jobId}/artifacts/0/a`
    expect((await user()('GET', artifact)).status).toBe(200)
    aheadMs += 15 * dayMs
    expect((await user()('GET', artifact)).status).toBe(404)
    await collect()
    expect(await storedBlobs()).toBe(0)
  })

  it('may run on several servers at once', async () => {
    const { agent } = await nextAgent()
    for (let index = 0; index < 20; index++) {
      const request = { kind: 'artifact', name: `${index}`, path: `${index}`, contentType: 'text/plain' }
      await agent.upload(request, Buffer.from(`number ${index}`))
    }
    await finish(agent)
    aheadMs += 31 * dayMs
    await Promise.all([collect(), collect(), collect()])
    expect(await storedBlobs()).toBe(0)
  })

  it('gives a blob back that was named while it was in the trash', async () => {
    const { agent } = await nextAgent()
    await agent.upload({ kind: 'artifact', name: 'a', path: 'a', contentType: 'text/plain' }, Buffer.from('precious'))
    const blobs = new DiskBlobs(dir('blobs'), clock)
    const hash = createHash('sha256').update('precious').digest('hex')
    const path = join(dir('blobs'), hash.slice(0, 2), hash)
    await utimes(path, 0, 0)
    const asked = new Set<string>()
    /** The commit comes between the first question about a blob and the second. */
    const named = async (keys: string[]) => {
      const again = keys.filter((key) => asked.has(key))
      for (const key of keys) asked.add(key)
      return new Set(again)
    }

    expect(await blobs.sweep(named)).toBe(0)

    expect(await readFile(path, 'utf8')).toBe('precious')
    expect(await readdir(dir('blobs/trash'))).toEqual([])
    await finish(agent)
  })
})
