import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { placePaths } from '@orrery/protocol'
import type Docker from 'dockerode'
import type { PlaceExit } from '../driver.ts'
import { engineStatus, unlessGone } from './client.ts'

/** What we say about a container that somebody removed before it could be asked. */
const vanished: PlaceExit = { exitCode: 137, oomKilled: false }

/** Settles when the container ended. An engine that goes away meanwhile is waited for: its containers may live on. */
export async function containerExit(docker: Docker, id: string): Promise<PlaceExit> {
  const container = docker.getContainer(id)
  return await untilAnswered(async () => {
    await ended(docker, id)
    const { State } = await container.inspect()
    return { exitCode: State.ExitCode, oomKilled: State.OOMKilled }
  }, vanished)
}

/** The part of the client library that its own calls are made of. */
interface Dialer {
  dial(call: object, done: (error: unknown, answer: unknown) => void): void
}

/** As `container.wait`, which waits for ever when the engine ends in the middle of its answer: then this throws. */
async function ended(docker: Docker, id: string): Promise<void> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    const call = { path: `/containers/${id}/wait`, method: 'POST', isStream: true, statusCodes: { 200: true } }
    const modem: Dialer = docker.modem
    modem.dial(call, (error, answer) => (answer instanceof Readable ? resolve(answer) : reject(error)))
  })
  for await (const _ of stream);
}

/** How often a process started beside the main one is looked at, ms: the engine has no call that waits for it. */
const execPollMs = 200
/** How often it is still looked at when its container has ended. */
const looksAfterEnd = 5

/**
 * Settles when the agent that was started beside the image's own process ended, or when that process ended first.
 * The container is dead then in either case: nothing of the job may run while its spool is read on the host.
 *
 * `execId`: of the agent's start; undefined when the engine does not know it any more. `seesEnd`: the engine learns of the
 * end of what it starts so.
 */
export async function execExit(
  docker: Docker,
  containerId: string,
  execId: string | undefined,
  seesEnd: boolean,
): Promise<PlaceExit> {
  const main = containerExit(docker, containerId)
  let isOver = false
  void main.then(() => {
    isOver = true
  })
  const told = await untilAnswered(async () => {
    if (execId === undefined || !seesEnd) return undefined
    for (let left = looksAfterEnd; ; ) {
      const { Running, ExitCode } = await docker.getExec(execId).inspect()
      if (!Running) return ExitCode ?? vanished.exitCode
      // The engine may miss the end of what ended together with the container, and then says for ever that it runs.
      if (isOver && left-- === 0) return vanished.exitCode
      await delay(execPollMs)
    }
  }, undefined)
  const code = told ?? (await untilAnswered(() => agentLeft(docker, containerId), vanished.exitCode))
  // Not the agent's own word: killed by the kernel, or taken along by the main process's end, which shows at once.
  const ended = !ownCodes.has(code) ? await Promise.race([main, delay(mainEndMs, undefined)]) : undefined
  // An engine that has forgotten what it started was restarted, and may have ended the container with itself.
  const forgot = seesEnd && told === undefined
  const isTheirs =
    ended !== undefined && !forgot && !(await untilAnswered(() => wasSignalled(docker, containerId), true))
  await untilAnswered(() => unlessGone(docker.getContainer(containerId).kill()), undefined)
  const { oomKilled } = await main
  if (ended === undefined || !isTheirs) return { exitCode: code, oomKilled }
  return { exitCode: code, oomKilled, reason: entrypointEnded(ended.exitCode) }
}

/** How far back the engine is asked, and how far its clock may be behind ours, s. */
const signalledWithinS = 300
const clockS = 1

/**
 * Did somebody end the container by the engine, or the engine itself, which stops all with itself? An engine that keeps no
 * events (Podman can be set so) says nothing of it.
 */
async function wasSignalled(docker: Docker, containerId: string): Promise<boolean> {
  const now = Math.ceil(Date.now() / 1000)
  const filters = { container: [containerId], event: ['kill'] }
  try {
    let told = false
    const stream = await docker.getEvents({ since: now - signalledWithinS, until: now + clockS, filters })
    for await (const _ of stream) told = true
    return told
  } catch (error) {
    if (engineStatus(error) === undefined) throw error
    return false
  }
}

/**
 * An engine that was restarted has kept the container but forgotten what was started beside its main process, and Podman
 * never learns of its end: then the container's processes are looked at. How the agent ended cannot be learnt; the server knows if it said its last word.
 */
async function agentLeft(docker: Docker, containerId: string): Promise<number> {
  for (;;) {
    const { State } = await docker.getContainer(containerId).inspect()
    if (!State.Running) return vanished.exitCode
    const { Processes } = await docker.getContainer(containerId).top()
    if (!Processes.some((columns: string[]) => columns.some((column) => column.includes(agentProcess)))) {
      return vanished.exitCode
    }
    await delay(lookMs)
  }
}

/** How the agent shows among a container's processes. */
const agentProcess = `${placePaths.runtime}/agent.mjs run`
/** The engine runs a program to list processes: less often than the other questions, ms. */
const lookMs = 1_000

/** The sentence for people about a configured or preserved entrypoint that did not outlive the job. */
export function entrypointEnded(exitCode: number): string {
  return `the entrypoint of the primary container ended with code ${exitCode} before the job did`
}

/** Exit codes that only the agent itself gives (place.ts of the protocol). */
const ownCodes: ReadonlySet<number> = new Set([0, 70, 75])

/** How long the end of the main process may show later than that of the agent it took with it, ms. */
const mainEndMs = 2_000

/** Asks until the engine answers, however long it is away. `whenGone`: the answer for a container that is not there. */
export async function untilAnswered<T>(ask: () => Promise<T>, whenGone: T): Promise<T> {
  for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await ask()
    } catch (error) {
      if (engineStatus(error) === 404) return whenGone
      await delay(pauseMs)
    }
  }
}
