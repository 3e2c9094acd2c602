import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeTask } from './fake-server.ts'
import { busybox, docker, eventually, jobSpec, type Kit, startKit } from './kit.ts'

let kit: Kit

beforeEach(async () => {
  kit = await startKit()
})
afterEach(() => kit.close())

const started = (task: FakeTask): boolean => task.events.agent.length > 0
const endOf = (task: FakeTask): Promise<void> => kit.server.until(() => kit.server.outcome(task) !== undefined)
const primaryOf = async (task: FakeTask) => {
  const label = [`orrery.task=${task.spec.taskId}`, 'orrery.index=0']
  const [primary] = await docker.listContainers({ filters: { label } })
  return docker.getContainer(primary?.Id ?? '')
}

describe('a runner that goes away', () => {
  it('is followed by one that adopts its places, service logs and what to mask in them included', async () => {
    const service = {
      command: ['sh', '-c', 'i=0; while true; do echo line $i of hunter22; i=$((i+1)); sleep 0.05; done'],
    }
    const steps = ['while [ ! -e /go ]; do sleep 0.1; done; echo went']
    const task = kit.server.enqueue({ ...jobSpec([busybox, service], steps), maskValues: ['hunter22'] })
    const first = await kit.runner()
    await kit.server.until(() => started(task) && kit.server.log(task, 2).includes('line 3'))

    await first.stop()
    await kit.runner()
    const seen = kit.server.log(task, 2).length
    await kit.server.until(() => kit.server.log(task, 2).length > seen + 40)
    const go = await (await primaryOf(task)).exec({ Cmd: ['touch', '/go'] })
    await go.start({ Detach: true })
    await endOf(task)
    await kit.gone(task.spec.taskId)

    expect(kit.server.outcome(task)).toBe('success')
    expect(task.epoch).toBe(1)
    expect(kit.server.log(task, 101)).toBe('went\n')
    const lines = kit.server.log(task, 2).trim().split('\n')
    expect(lines).toEqual(lines.map((_, index) => `line ${index} of ****`))
  })

  it.each([
    { name: 'fails with its entrypoint', go: 'kill 1', outcome: 'failed' },
    { name: 'ends by itself', go: 'touch /go', outcome: 'success' },
  ])('and whose place has an entrypoint of its own is followed as well: it $name', async ({ go, outcome }) => {
    const image = { image: busybox, entrypoint: ['sh', '-c', 'trap "exit 3" TERM; while true; do sleep 0.1; done'] }
    const task = kit.server.enqueue(jobSpec([image], ['while [ ! -e /go ]; do sleep 0.1; done']))
    const victim = kit.process()
    await kit.server.until(() => started(task))
    victim.kill('SIGKILL')
    await once(victim, 'exit')
    const primary = await primaryOf(task)
    // What else runs in the container, by people or health checks, is not taken for the agent.
    for (let count = 0; count < 10; count++)
      await (await primary.exec({ Cmd: ['sleep', '600'] })).start({ Detach: true })

    await kit.runner()
    const exec = await primary.exec({ Cmd: ['sh', '-c', go] })
    await exec.start({ Detach: true })
    await endOf(task)

    expect(kit.server.outcome(task)).toBe(outcome)
    await kit.gone(task.spec.taskId)
  })

  it('may be killed at any moment: the next one carries on', async () => {
    const script = 'i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); sleep 0.01; done'
    const task = kit.server.enqueue(jobSpec([busybox], [script]))
    const victim = kit.process()
    await kit.server.until(() => kit.server.log(task, 101).includes('line 20'))
    victim.kill('SIGKILL')
    await once(victim, 'exit')

    await kit.runner()
    await endOf(task)

    expect({ outcome: kit.server.outcome(task), epoch: task.epoch }).toEqual({ outcome: 'success', epoch: 1 })
    const lines = kit.server.log(task, 101).trim().split('\n')
    expect(lines).toEqual(Array.from({ length: 300 }, (_, index) => `line ${index}`))
    await kit.gone(task.spec.taskId)
  })

  it('116: may be killed while it makes a place: the task ends once, and nothing is left', async () => {
    for (const pauseMs of [0, 40, 120, 200]) {
      const service = { name: 'db', command: ['sleep', '600'] }
      const task = kit.server.enqueue(jobSpec([busybox, service], ['echo ran']))
      const victim = kit.process()
      await kit.server.until(() => task.events.runner.length > 0)
      // Not a wait for anything: the moments at which the kill falls are the cases.
      await delay(pauseMs)
      victim.kill('SIGKILL')
      await once(victim, 'exit')

      const next = await kit.runner()
      await endOf(task)
      await next.stop({ drain: true })

      expect(kit.server.outcome(task)).toBe('success')
      expect(kit.server.log(task, 101)).toBe('ran\n')
      await kit.gone(task.spec.taskId)
    }
  })

  it('has its dead places drained by the next one', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['sleep 600']))
    const first = await kit.runner()
    await kit.server.until(() => started(task))
    await first.stop()
    await (await primaryOf(task)).remove({ force: true })

    await kit.runner()
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('infrastructure_fail')
    await kit.gone(task.spec.taskId)
  })

  it('leaves nothing of jobs that are over, however soon it goes', async () => {
    const service = { command: ['sleep', '600'] }
    const tasks = [1, 2].map(() => kit.server.enqueue(jobSpec([busybox, service], ['echo done'])))
    const runner = await kit.runner()
    for (const task of tasks) await endOf(task)

    await runner.stop()

    for (const { spec } of tasks) {
      const label = [`orrery.task=${spec.taskId}`]
      expect(await docker.listContainers({ all: true, filters: { label } })).toEqual([])
      expect(existsSync(join(kit.directory, 'data', 'tasks', spec.taskId))).toBe(false)
    }
    expect(tasks.map((task) => task.events.runner.at(-1))).toMatchObject([
      { type: 'step.ended', step: 2, status: 'canceled' },
      { type: 'step.ended', step: 2, status: 'canceled' },
    ])
  })

  it('has tasks given back that no agent had started', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['true']))
    const first = await kit.runner({ driver: () => stuckDriver() })
    await kit.server.until(() => task.events.runner.length > 0)

    await first.stop()

    expect(task.state).toBe('queued')
    await kit.runner()
    await endOf(task)
    expect({ outcome: kit.server.outcome(task), epoch: task.epoch }).toEqual({ outcome: 'success', epoch: 2 })
    await kit.gone(task.spec.taskId)
  })

  it('leaves nothing of tasks that the server has given to somebody else', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['sleep 600']))
    const first = await kit.runner()
    await kit.server.until(() => started(task))
    await first.stop()
    task.state = 'ended'

    await kit.runner()

    await kit.gone(task.spec.taskId)
  })

  it('waits for its tasks when told to drain', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['sleep 1; echo done']))
    const runner = await kit.runner()
    await kit.server.until(() => started(task))

    await runner.stop({ drain: true })

    expect(kit.server.outcome(task)).toBe('success')
    await kit.gone(task.spec.taskId)
  })
})

/** A driver that makes no place until it is told to stop. */
function stuckDriver() {
  return {
    name: 'stuck',
    executors: ['docker'] as const,
    probe: async () => ({}),
    start: ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    adopt: async () => [],
    sweep: async () => undefined,
  }
}

describe('a cancel', () => {
  it('during provisioning ends the task without a place', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['true']))
    await kit.runner({ driver: () => stuckDriver() })
    await kit.server.until(() => task.events.runner.length > 0)

    kit.server.cancel(task)
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('canceled')
    expect(task.events.runner.map((event) => event.type)).toEqual(['step.started', 'step.ended', 'task.ended'])
  })

  it('while a step runs is the agent’s to carry out; the place goes', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['sleep 600']))
    await kit.runner()
    await kit.server.until(() => started(task))

    kit.server.cancel(task)
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('canceled')
    await kit.gone(task.spec.taskId)
  })
})

describe('trouble', () => {
  it('116: a killed place is drained and the task ended', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['sleep 600']))
    await kit.runner()
    await kit.server.until(() => started(task))

    await (await primaryOf(task)).kill()
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('infrastructure_fail')
    expect(task.events.agent.at(-1)).toMatchObject({ type: 'task.ended', reason: 'drained' })
    await kit.gone(task.spec.taskId)
  })

  it('a place whose agent the kernel killed for want of memory is ended with that reason', async () => {
    // Brackets, or the shell would find itself, too, and be the first to go.
    const offer = 'for p in /proc/[0-9]*; do grep -qs "[a]gent.mjs" $p/cmdline && echo 1000 > $p/oom_score_adj; done'
    const task = kit.server.enqueue(
      jobSpec([busybox], [`${offer}; dd if=/dev/zero of=/dev/null bs=1500M count=1; sleep 600`]),
    )
    await kit.runner()
    await endOf(task)

    expect(task.events.agent.at(-1)).toMatchObject({
      type: 'task.ended',
      outcome: 'infrastructure_fail',
      reason: 'The place of the job was killed: out of memory.',
    })
    await kit.gone(task.spec.taskId)
  })

  it('a server that is away for a while costs nothing', async () => {
    const script = 'i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); sleep 0.01; done'
    const task = kit.server.enqueue(jobSpec([busybox], [script]))
    await kit.runner()
    await kit.server.until(() => kit.server.log(task, 101).includes('line 5'))

    await kit.server.down()
    await kit.server.up()
    await endOf(task)

    expect(kit.server.outcome(task)).toBe('success')
    expect(kit.server.log(task, 101).trim().split('\n')).toHaveLength(200)
    await kit.gone(task.spec.taskId)
  })

  it('a task that the server took away is stopped and claimed anew', async () => {
    const script = '[ -e /orrery-task/spool ] && sleep 3; echo end'
    const task = kit.server.enqueue(jobSpec([busybox], [script]))
    await kit.runner()
    await kit.server.until(() => started(task))

    kit.server.expire(task)
    await endOf(task)

    expect({ outcome: kit.server.outcome(task), epoch: task.epoch }).toEqual({ outcome: 'success', epoch: 2 })
    await kit.gone(task.spec.taskId)
  })

  it('an agent that never speaks is given up', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['true']))
    const never = new Promise<never>(() => undefined)
    const driver = {
      ...stuckDriver(),
      start: async () => ({ taskId: task.spec.taskId, exited: never, services: [], destroy: async () => undefined }),
    }
    await kit.runner({ driver: () => driver, agentStartS: 0.2 })

    await endOf(task)

    expect(task.events.runner.at(-1)).toMatchObject({ type: 'task.ended', outcome: 'infrastructure_fail' })
  })

  it('links that a job leaves in its directory lead nowhere', async () => {
    const plant =
      'ln -s /etc/passwd /orrery-task/spool/stolen; ln -s /etc /orrery-task/spool/dir; mkfifo /orrery-task/spool/pipe'
    const task = kit.server.enqueue(jobSpec([busybox], [`${plant}; echo planted; sleep 600`]))
    const runner = await kit.runner()
    await kit.server.until(() => kit.server.log(task, 101) === 'planted\n')
    const spool = join(kit.directory, 'data', 'tasks', task.spec.taskId, 'mnt', 'spool')
    expect(existsSync(join(spool, 'stolen'))).toBe(true)
    await kit.server.down()

    await (await primaryOf(task)).kill()

    await eventually(() => !existsSync(join(spool, 'stolen')) && !existsSync(join(spool, 'pipe')))
    expect(await readFile('/etc/passwd', 'utf8')).toContain('root')
    await kit.server.up()
    await endOf(task)
    await runner.stop({ drain: true })
  })

  it('the task token stays on the host, readable by the runner alone', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['sleep 600']))
    await kit.runner()
    await kit.server.until(() => started(task))
    const directory = join(kit.directory, 'data', 'tasks', task.spec.taskId)

    expect(((await stat(directory)).mode & 0o777).toString(8)).toBe('700')
    expect(((await stat(join(directory, 'mnt'))).mode & 0o777).toString(8)).toBe('777')
    expect(((await stat(join(directory, 'mnt', 'gateway.sock'))).mode & 0o777).toString(8)).toBe('777')
    expect(await readFile(join(directory, 'claim.json'), 'utf8')).not.toContain('sleep 600')
    kit.server.cancel(task)
    await kit.gone(task.spec.taskId)
  })
})
