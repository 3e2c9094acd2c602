import type { Engine } from '@orrery/engine'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expireLeases } from '../src/loops/lease-expiry.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'
import { WorkTree } from './support/work-tree.ts'

const hour = 3600 * 1000
let installation: Installation
let tree: WorkTree
beforeAll(async () => {
  installation = await Installation.create()
  tree = await WorkTree.create()
})
afterAll(async () => {
  await installation.close()
  await tree.remove()
})

/** A server whose clock is set to another time by `set`, and a task that an agent holds. */
async function held(slug: string, leaseS: number) {
  let offset = 0
  const clock = { now: () => new Date(Date.now() + offset) }
  const server = await installation.start({ clock, leaseS })
  const revision = await tree.commit('Change [skip ci]', { 'a.txt': slug })
  const project = await server.registerProject({ slug: `local/acme/${slug}`, from: tree.path })
  await startPlan(server.engine, project, onePlan(), revision)
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  const job = () => server.engine.job(claimed.spec.jobId)
  return { server, agent: new FakeAgent(server, claimed), clock, job, set: (to: number) => (offset = to) }
}

it('a clock that is set forward by an hour ends no task: its lease gets a full term first', async () => {
  const { server, agent, clock, job, set } = await held('forward', 60)
  const rounds: string[] = []
  const stop = new AbortController()
  const ended: number[] = []
  // The loop as the server runs it, beside the server's own, on an engine that notes what it is asked for.
  const watched: Engine = {
    ...server.engine,
    async giveFullLeases(now) {
      await server.engine.giveFullLeases(now)
      rounds.push('full leases')
    },
    async expireLeases(now) {
      ended.push(await server.engine.expireLeases(now))
      rounds.push('expiry')
      if (rounds.includes('full leases')) stop.abort()
      return 0
    },
  }
  const loop = expireLeases(watched, clock, stop.signal, (error) => expect(error).toBeUndefined())

  set(hour)
  await loop

  expect(rounds.slice(rounds.indexOf('full leases'))).toEqual(['full leases', 'expiry'])
  expect(ended.every((count) => count === 0)).toBe(true)
  await agent.event({ type: 'task.ended', outcome: 'success' })
  expect((await job()).status).toBe('success')
  await installation.stop(server)
})

it('a clock that is set back by an hour hides no lost runner for an hour', async () => {
  const { server, job, set } = await held('back', 3)

  set(-hour)

  await expect.poll(async () => (await job()).status, { timeout: 20_000 }).toBe('infrastructure_fail')
  expect((await job()).reason).toContain('the runner was lost')
  await installation.stop(server)
})
