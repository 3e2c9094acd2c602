import type { SourceRef } from '@orrery/protocol'
import { z } from 'zod'
import type { SshServer } from '../ssh/server.ts'
import { goDuration } from '../steps/go-duration.ts'
import { taskUplink } from '../uplink/task-uplink.ts'
import { openStep } from './open-step.ts'
import type { Task } from './task.ts'

/** Number of *Enable SSH*: before the first configured step. */
const enableStep = 100
const Address = z.object({ host: z.string(), port: z.number().int() })

/** The door of a job with SSH: open from its first step on, waited for after its last (spec: execution.md 19). */
export interface SshSteps {
  /** Step *Wait for SSH*: resolves when nobody needs the place any more. */
  wait(step: number): Promise<void>
  close(): void
}

/** Step *Enable SSH*. Undefined when the job has no SSH, or the runner has no way in; then the step says so. */
export async function enableSsh(task: Task): Promise<SshSteps | undefined> {
  const { ssh } = task.spec
  if (ssh === undefined || task.signal.aborted) return undefined
  const open = openStep(task, { ...infrastructure, step: enableStep, name: 'Enable SSH' })
  const address = await taskUplink(task.connection, task.signal)
    .json('GET', '/ssh', undefined, Address)
    .catch(() => undefined)
  if (address === undefined) {
    open.log.write('This runner has no free port for SSH.\n')
    await open.end({ status: 'failed', exitCode: null }, true)
    return undefined
  }
  // Only jobs with SSH pay for reading the server's code.
  const [{ createSshServer }, { offerConnections }] = await Promise.all([
    import('../ssh/server.ts'),
    import('../ssh/offers.ts'),
  ])
  const over = new AbortController()
  const watch = { changed: (): void => undefined }
  const server = createSshServer({
    authorizedKeys: ssh.authorizedKeys,
    home: task.environment.home,
    environment: () => task.git.apply(task.environment.vars),
    started: (pid) => task.processes.add(pid, undefined),
    onChange: () => watch.changed(),
  })
  void offerConnections(task.paths.gateway, server.attach, over.signal)
  const invitation = `ssh -p ${address.port} ${address.host}`
  open.log.write(
    `You can now SSH into this job with one of your keys:\n\n    $ ${invitation}\n\nIts host key is ${server.fingerprint}\n`,
  )
  await open.end({ status: 'success', exitCode: null }, false)
  return {
    async wait(step) {
      if (task.signal.aborted) return
      const waiting = openStep(task, { ...infrastructure, step, name: 'Wait for SSH' })
      waiting.log.write(`The job waits for you:\n\n    $ ${invitation}\n\n`)
      const why = await untilIdle(server, watch, ssh, task.signal)
      waiting.log.write(`${why} Logins: ${server.logins}.\n`)
      await waiting.end({ status: task.signal.aborted ? 'canceled' : 'success', exitCode: null }, true)
    },
    close() {
      over.abort()
      server.close()
    },
  }
}

const infrastructure = { attempt: 0, kind: 'infrastructure', background: false, origin: [] as SourceRef[] } as const

/** Until nobody has been connected for `idleS`, or for `longestS` in all. Answers the reason in a sentence. */
async function untilIdle(
  server: SshServer,
  watch: { changed: () => void },
  limits: { idleS: number; longestS: number },
  signal: AbortSignal,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let idle: NodeJS.Timeout | undefined
  watch.changed = () => {
    clearTimeout(idle)
    if (server.connected > 0) return
    idle = setTimeout(() => resolve(`Nobody was connected for ${goDuration(limits.idleS)}.`), limits.idleS * 1000)
  }
  const longest = setTimeout(
    () => resolve(`The limit of ${goDuration(limits.longestS)} is reached.`),
    limits.longestS * 1000,
  )
  const stop = (): void => resolve('The wait was ended.')
  signal.addEventListener('abort', stop, { once: true })
  watch.changed()
  try {
    return await promise
  } finally {
    clearTimeout(idle)
    clearTimeout(longest)
    signal.removeEventListener('abort', stop)
  }
}
