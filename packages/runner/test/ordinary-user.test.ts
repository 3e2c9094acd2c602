import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { busybox, docker, eventually, jobSpec, type Kit, startKit, type User } from './kit.ts'

// A runner that is not root and may use the engine, as a member of the group `docker` has it: what its jobs leave belongs
// to root and to users of their images, and still the runner has to read and remove it.
const socket = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '')
let kit: Kit
let user: User

beforeEach(async () => {
  kit = await startKit()
  user = { uid: 12_345, gid: statSync(socket).gid }
  chownSync(kit.directory, user.uid, user.gid)
})
afterEach(async () => {
  for (const one of runners.splice(0)) await ended(one, 'SIGTERM')
  await kit.close()
})

const runners: ChildProcess[] = []
function start(): ChildProcess {
  const runner = kit.process({}, user)
  runners.push(runner)
  return runner
}
async function ended(runner: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (runner.exitCode !== null || runner.signalCode !== null) return
  runner.kill(signal)
  await once(runner, 'exit')
}

it('removes what a job of root has left where nobody else may', async () => {
  start()
  const task = kit.server.enqueue(jobSpec([busybox], ['mkdir -m 700 -p /orrery-task/a/b; echo x > /orrery-task/a/b/c']))

  await kit.server.until(() => kit.server.outcome(task) !== undefined)

  expect(kit.server.outcome(task)).toBe('success')
  await kit.gone(task.spec.taskId)
})

it('sends what a killed agent had written', async () => {
  start()
  const task = kit.server.enqueue(jobSpec([busybox], ['echo before; sleep 600']))
  await kit.server.until(() => task.events.agent.length > 0)
  const label = [`orrery.task=${task.spec.taskId}`, 'orrery.index=0']
  const [primary] = await docker.listContainers({ filters: { label } })

  await docker.getContainer(primary?.Id ?? '').kill()
  await kit.server.until(() => kit.server.outcome(task) !== undefined)

  expect(kit.server.outcome(task)).toBe('infrastructure_fail')
  // By the spool's own reader; where it is not readable the runner ends the task.
  expect(task.events.agent.map(({ type }) => type)).toContain('task.ended')
  await kit.gone(task.spec.taskId)
})

it('starts where an earlier life left such a directory', async () => {
  const first = start()
  const task = kit.server.enqueue(
    jobSpec([busybox], ['mkdir -m 700 /orrery-task/a; echo x > /orrery-task/a/b; sleep 600']),
  )
  const left = join(kit.directory, 'data', 'tasks', task.spec.taskId)
  await eventually(() => existsSync(join(left, 'mnt', 'a')))
  await ended(first, 'SIGKILL')
  kit.server.cancel(task)

  start()

  await kit.gone(task.spec.taskId)
})
