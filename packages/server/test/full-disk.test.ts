import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Project } from '@orrery/engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { apiOf } from './support/api.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'
import { WorkTree } from './support/work-tree.ts'

const kilobyte = 1024
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Only root may mount a small disk. */
describe.skipIf(process.getuid?.() !== 0)('a server whose disk is full', () => {
  let installation: Installation
  let server: Server
  let disk: string
  let tree: WorkTree
  let revision: string
  let project: Project
  beforeAll(async () => {
    installation = await Installation.create()
    disk = join(installation.dataDir, 'server')
    await mkdir(disk, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${512 * kilobyte}`, 'tmpfs', disk])
    server = await installation.start()
    tree = await WorkTree.create()
    revision = await tree.commit('First [skip ci]', { 'a.txt': 'a' })
    project = await server.registerProject({ slug: 'local/acme/app', from: tree.path })
  })
  afterAll(async () => {
    execFileSync('umount', ['-l', disk])
    await installation.close()
    await tree.remove()
  })

  async function runningTask(): Promise<{ agent: FakeAgent; jobId: string }> {
    await startPlan(server.engine, project, onePlan(), revision)
    const claimed = await claim(server)
    if (!claimed) throw new Error('no task')
    const agent = new FakeAgent(server, claimed)
    await agent.start()
    return { agent, jobId: claimed.spec.jobId }
  }

  /** Until it is removed, no more than some kilobytes are free. */
  const fill = () => writeFile(join(disk, 'filler'), Buffer.alloc(512 * kilobyte)).catch(() => undefined)
  const makeRoom = () => rm(join(disk, 'filler'))

  it('says so, takes the log when there is room again, and calls it complete only then', async () => {
    const { agent } = await runningTask()
    const text = 'a line of a log\n'.repeat(10_000)
    await fill()

    const refused = await agent.log(0, text)
    expect([refused.status, refused.json()]).toMatchObject([507, { code: 'ORY_DISK_FULL' }])
    expect((await agent.end(text)).status).toBe(422)

    await makeRoom()
    expect(await agent.log(0, text)).toMatchObject({ status: 200 })
    expect((await agent.end(text)).status).toBe(200)
  })

  it.each([
    { kind: 'artifact', name: 'u-1', path: 'a.bin', contentType: 'application/octet-stream' },
    { kind: 'cache', name: 'u-2', key: 'deps-1', paths: ['node_modules'] },
  ])('refuses the bytes of an upload ($kind), shows nothing of it, and goes on from what it has', async (request) => {
    const { agent, jobId } = await runningTask()
    const bytes = Buffer.alloc(100 * kilobyte, request.kind)
    const begin = (await agent.call('POST', '/uploads', request)).json() as { uploadId: string }
    const put = (offset: number) =>
      agent.call('PUT', `/uploads/${begin.uploadId}?offset=${offset}`, bytes.subarray(offset))
    const commit = () =>
      agent.call('POST', `/uploads/${begin.uploadId}/commit`, { size: bytes.length, sha256: sha256(bytes) })
    const artifacts = () => apiOf(server, server.createUserToken('ada'))('GET', `/api/private/jobs/${jobId}/artifacts`)
    await fill()

    const refused = await put(0)
    expect([refused.status, refused.json()]).toMatchObject([507, { code: 'ORY_DISK_FULL' }])
    expect((await commit()).status).toBe(409)
    expect((await artifacts()).json()).toEqual({ items: [] })

    await makeRoom()
    const { offset } = (await agent.call('POST', '/uploads', request)).json() as { offset: number }
    expect(offset).toBeLessThan(bytes.length)
    expect((await put(offset)).status).toBe(200)
    expect((await commit()).json()).toEqual({ outcome: 'stored' })
    const shown = (await artifacts()).json() as { items: { size: number }[] }
    expect(shown.items.map(({ size }) => size)).toEqual(request.kind === 'artifact' ? [bytes.length] : [])
  })
})
