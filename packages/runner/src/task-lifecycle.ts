import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Claim, type ErrorCode, type JobSpec, OrreryError, type TaskOutcome } from '@orrery/protocol'
import { createBackoff } from './backoff.ts'
import { heldBy } from './claim-loop.ts'
import type { Door } from './door.ts'
import { type Death, drainTask } from './drain.ts'
import type { Place, PlaceExit } from './drivers/driver.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { keepLease, type Lease } from './renew-loop.ts'
import type { TaskCredentials } from './server-client.ts'
import { startServiceSteps } from './service-steps.ts'
import { openSshDoor } from './ssh-door.ts'
import { type StepZero, startStepZero } from './step-zero.ts'
import { aborted, type RunnerContext, type Task } from './task.ts'
import { createTaskDirectory, removeTaskDirectory } from './task-directory.ts'
import { createReporter } from './task-reporter.ts'

/**
 * One claimed task from its claim to its last trace.
 *
 * | stage | leaves by |
 * |---|---|
 * | provisioning: step 0, the runner renews until the agent's first request | place made → running; failed three times → task.ended; engine away or runner stops → released |
 * | starting: the place runs, no word of the agent yet | first request → running; silence or death → task.ended |
 * | running: the agent renews | exit 0 or 75 → clean-up; any other → draining; runner stops → left to be adopted |
 * | draining: the runner renews | spool sent, or task.ended by the runner → clean-up |
 *
 * In every stage a lost lease or a newer claim leads to the clean-up without a word. `freeSlot` gives the slot back, when
 * nothing of the job runs any more. Never rejects.
 */
export async function runClaim(
  context: RunnerContext,
  claim: Claim,
  abandoned: AbortSignal,
  freeSlot: () => void,
): Promise<void> {
  const { spec, leaseS } = claim
  const held = heldBy(claim)
  context.driver.expect?.(spec)
  const opened = await openTask(context, claim, abandoned).catch(async (error: unknown) => {
    context.log('a task could not be set up', 'error', { taskId: spec.taskId, error: String(error) })
    await giveBack(context, held, error)
    // Without this pause a disk that is full would send the task round in a circle.
    await delay(setUpPauseMs, undefined, { signal: context.stopped }).catch(() => undefined)
  })
  if (opened === undefined) return
  const { task, gateway } = opened
  const lease = keepLease(task.client, leaseS, AbortSignal.any([context.stopped, abandoned]), true)
  // Also while services are still being started: a short job may be over before its place is complete.
  void gateway.contacted.then(() => lease.stop())
  try {
    const place = await provision(context, task, claim, gateway, lease)
    if (place === undefined) return await cleanUp(context, task, gateway)
    await superviseTask(context, task, place, gateway, { lease, ...(isAlone(spec) ? { freeSlot } : {}) })
  } finally {
    lease.stop()
    await gateway.close()
  }
}

/** The end of the agent is the end of all its job's processes; services and a remote engine would run on. */
function isAlone({ executor, steps }: JobSpec): boolean {
  return (
    executor.type === 'docker' &&
    executor.images.length === 1 &&
    steps.every(({ kind }) => kind !== 'setup_remote_docker')
  )
}

/** How long a slot rests after a task could not be set up, ms. */
const setUpPauseMs = 5_000

/** Everything a task needs on the host before a place can be made for it. */
async function openTask(
  context: RunnerContext,
  claim: Claim,
  abandoned: AbortSignal,
): Promise<{ task: Task; gateway: Gateway }> {
  const { spec, epoch, taskToken, leaseS } = claim
  const { taskId } = spec
  const { dataDir, serverUrl } = context.settings
  const { maskValues } = spec
  const { logBytesPerStep } = spec.limits
  const held = heldBy(claim)
  const sshDoor = spec.ssh === undefined ? undefined : await openSshDoor(context.settings.ssh)
  const sshPort = sshDoor?.address.port
  const directory = await createTaskDirectory(context.driver, dataDir, taskId, {
    epoch,
    taskToken,
    logBytesPerStep,
    sshPort,
  })
  const client = context.server.task(held)
  const socketPath = `${directory.mount}/gateway.sock`
  const { archives } = context
  const opening = openGateway({ socketPath, serverUrl, taskId, taskToken, spec, sshDoor, archives })
  const [reporting] = await Promise.allSettled([createReporter(client, directory.eventsFile, context.stopped), opening])
  const gateway = await opening
  if (reporting.status === 'rejected') {
    await gateway.close()
    throw reporting.reason
  }
  const reporter = reporting.value
  return {
    task: {
      held,
      directory,
      client,
      reporter,
      leaseS,
      logBytesPerStep,
      maskValues,
      stepZeroEnded: Promise.resolve(),
      abandoned,
    },
    gateway,
  }
}

/** Makes the place. Undefined when there is none: then the task has been ended or given back. */
async function provision(
  context: RunnerContext,
  task: Task,
  claim: Claim,
  gateway: Gateway,
  lease: Lease,
): Promise<Place | undefined> {
  const stepZero = await startStepZero(context, task)
  const signal = AbortSignal.any([lease.signal, context.stopped, task.abandoned])
  try {
    const place = await makePlace(context, task, claim, gateway, stepZero, signal)
    // Not on the way of the job's first step; a runner killed here ends step 0 after the adoption.
    task.stepZeroEnded = stepZero.end('success').catch((error: unknown) => {
      context.log('step 0 could not be ended', 'error', { taskId: task.held.taskId, error: String(error) })
    })
    return place
  } catch (error) {
    if (lease.loss() === 'canceled') {
      await stepZero.end('canceled')
      await task.reporter.report({ type: 'task.ended', outcome: 'canceled' })
      return undefined
    }
    if (signal.aborted && !context.stopped.aborted) return undefined
    if (context.stopped.aborted || isEngineMissing(error)) {
      await giveBack(context, task.held, error)
      return undefined
    }
    const { outcome, reason } = blame(error)
    context.log('a place could not be made', 'warn', { taskId: task.held.taskId, reason })
    const help = error instanceof OrreryError && error.code !== 'ORY_BAD_REQUEST' ? `  ${error.help}\n` : ''
    stepZero.log(`${reason}\n${help}`)
    await stepZero.end(outcome === 'failed' ? 'failed' : 'infrastructure_fail', reason)
    await task.reporter.report({ type: 'task.ended', outcome, reason })
    return undefined
  }
}

/** How often a place is tried to be made; nothing of the job has run until there is one. */
const mostStarts = 3

/** An engine under load fails in ways that are over a moment later: a job should not pay for that. */
async function makePlace(
  context: RunnerContext,
  task: Task,
  { spec }: Claim,
  gateway: Gateway,
  stepZero: StepZero,
  signal: AbortSignal,
): Promise<Place> {
  const { mount: taskDirectory, path } = task.directory
  const privateDirectory = join(path, 'place')
  const log = (text: string): void => stepZero.log(text)
  const answerAt = (door: Door): void => gateway.answerAt(door)
  const backoff = createBackoff()
  for (let left = mostStarts - 1; ; left--) {
    try {
      return await context.driver.start({ spec, taskDirectory, privateDirectory, answerAt, log, signal })
    } catch (error) {
      if (signal.aborted || left === 0 || error instanceof OrreryError) throw error
      const { reason } = blame(error)
      context.log('a place could not be made, trying again', 'warn', { taskId: spec.taskId, reason })
      log(`The environment could not be made: ${reason}\nTrying again\n`)
      await backoff.pause(signal)
    }
  }
}

/** What the config or its image got wrong is the job's failure; everything else is ours (spec: execution.md 2.1, 2.4). */
function blame(error: unknown): { outcome: TaskOutcome; reason: string } {
  if (!(error instanceof OrreryError)) {
    return { outcome: 'infrastructure_fail', reason: error instanceof Error ? error.message : String(error) }
  }
  return { outcome: faultsOfJobs.has(error.code) ? 'failed' : 'infrastructure_fail', reason: error.message }
}

const faultsOfJobs: ReadonlySet<ErrorCode> = new Set(['ORY_IMAGE_PULL', 'ORY_BAD_REQUEST', 'ORY_REGISTRY_IDENTITY'])

export function isEngineMissing(error: unknown): boolean {
  return error instanceof OrreryError && error.code === 'ORY_ENGINE_MISSING'
}

async function giveBack(context: RunnerContext, held: TaskCredentials, error: unknown): Promise<void> {
  const reason = context.stopped.aborted ? 'the runner stops' : error instanceof Error ? error.message : String(error)
  try {
    await context.server.release(held, reason)
  } catch (refusal) {
    // The lease runs out by itself; until then a restarted runner is asked about the task at its hello.
    context.log('a task could not be given back', 'warn', { taskId: held.taskId, reason: String(refusal) })
  }
}

/**
 * Watches over a place until its agent ended, then removes all that is left. `lease`: held by the runner until the
 * agent's first request; absent after an adoption, where the agent renews already. `freeSlot`: called when the agent ended
 * and the server knows it; absent where other containers may still run then.
 */
export async function superviseTask(
  context: RunnerContext,
  task: Task,
  place: Place,
  gateway: Gateway,
  { lease, freeSlot }: { lease?: Lease; freeSlot?: () => void } = {},
): Promise<void> {
  if (place.remoteDocker !== undefined) gateway.offerRemoteDocker(place.remoteDocker)
  const services = startServiceSteps(context, task, place)
  let isOver = false
  try {
    const contact = lease === undefined ? 'up' : await firstContact(context, task, place, gateway, lease)
    const exit = contact === 'up' ? await exitOf(context, task, place) : undefined
    if (context.stopped.aborted) return await leave(task, gateway)
    services.jobEnded()
    isOver = await finish(context, task, place, gateway, contact, exit)
    if (!isOver) return await leave(task, gateway)
    if (exit !== undefined) freeSlot?.()
  } finally {
    // Also when something broke on the way: a place must not run on with nobody watching.
    if (isOver || !context.stopped.aborted) await destroyPlace(context, place)
  }
  await Promise.all([services.finished(), task.stepZeroEnded])
  await cleanUp(context, task, gateway)
}

/**
 * Sees to it that the server learns of the end, where the agent itself could not tell. False when the runner stopped
 * before: place and spool are for its next life.
 */
async function finish(
  context: RunnerContext,
  task: Task,
  place: Place,
  gateway: Gateway,
  contact: Contact,
  exit: PlaceExit | undefined,
): Promise<boolean> {
  await task.stepZeroEnded
  if (contact === 'silent' || contact === 'canceled') {
    await destroyPlace(context, place)
    const reason = contact === 'silent' ? 'the agent gave no sign of life' : 'canceled before the first step'
    await task.reporter.report({
      type: 'task.ended',
      outcome: contact === 'silent' ? 'infrastructure_fail' : 'canceled',
      reason,
    })
    return true
  }
  if (contact === 'died') {
    const { exitCode, reason } = await place.exited
    await task.reporter.report({
      type: 'task.ended',
      outcome: reason === undefined ? 'infrastructure_fail' : 'failed',
      reason: reason ?? `the agent could not start (exit code ${exitCode})`,
    })
    return true
  }
  if (exit === undefined || exit.exitCode === 0 || exit.exitCode === 75) return true
  context.log('an agent died', 'warn', { taskId: task.held.taskId, ...exit })
  return await drainOrEnd(context, task, gateway, exit)
}

/**
 * An engine that is away takes the slot with it: what cannot be removed still uses the machine. A runner that stops tries
 * once; its next life sweeps what is left.
 */
async function destroyPlace(context: RunnerContext, place: Place): Promise<void> {
  const backoff = createBackoff()
  do {
    try {
      return await place.destroy()
    } catch (error) {
      context.log('a place could not be removed', 'warn', { taskId: place.taskId, error: String(error) })
      await backoff.pause(context.stopped).catch(() => undefined)
    }
  } while (!context.stopped.aborted)
}

/**
 * Sends what the spool holds; when that is impossible the runner has the last word. False when the runner stopped before
 * either: what is in the spool is nowhere else yet.
 */
export async function drainOrEnd(
  context: RunnerContext,
  task: Task,
  gateway: Gateway,
  exit?: PlaceExit,
): Promise<boolean> {
  const death = exit && deathOf(exit)
  if ((await drainTask(context, task, gateway, death)) !== 'failed') return true
  if (context.stopped.aborted) return false
  const { outcome, reason } = death ?? { outcome: 'infrastructure_fail', reason: 'the place ended before its job did' }
  await task.reporter.report({ type: 'task.ended', outcome, reason })
  return true
}

/** An entrypoint that the config or its image asked for and that ends takes the job with it (spec: execution.md 4.2, rule 4). */
function deathOf({ reason, oomKilled }: PlaceExit): Death | undefined {
  if (reason !== undefined) return { outcome: 'failed', reason }
  if (!oomKilled) return undefined
  return { outcome: 'infrastructure_fail', reason: 'The place of the job was killed: out of memory.' }
}

type Contact = 'up' | 'silent' | 'died' | LossOrStop
type LossOrStop = 'canceled' | 'gone' | 'stopped'

/** Waits for the agent's first request; from then on it renews the lease itself. */
async function firstContact(
  context: RunnerContext,
  task: Task,
  place: Place,
  gateway: Gateway,
  lease: Lease,
): Promise<Contact> {
  const timer = new AbortController()
  const patienceMs = (context.settings.agentStartS ?? 120) * 1000
  const contact = await Promise.race<Contact>([
    gateway.contacted.then(() => 'up'),
    place.exited.then(() => 'died'),
    delay(patienceMs, 'silent' as const, { signal: timer.signal, ref: false }).catch(() => 'stopped'),
    aborted(lease.signal, context.stopped, task.abandoned).then(() => lease.loss() ?? 'stopped'),
  ])
  timer.abort()
  lease.stop()
  return contact
}

/** Undefined when the runner stops or the task was abandoned before. */
async function exitOf(context: RunnerContext, task: Task, place: Place): Promise<PlaceExit | undefined> {
  return await Promise.race([place.exited, aborted(context.stopped, task.abandoned).then(() => undefined)])
}

/** The place stays for the next runner; it finds place and directory again by the task's id. */
export async function leave(task: Task, gateway: Gateway): Promise<void> {
  task.reporter.stop()
  await gateway.close()
}

/**
 * Sends the last events and forgets the task. A runner that stops before they were sent keeps the directory: they
 * belong to a task that the server still counts as ours.
 */
export async function cleanUp(context: RunnerContext, task: Task, gateway: Gateway): Promise<void> {
  const isSent = task.abandoned.aborted || (await task.reporter.flushed()) || !context.stopped.aborted
  task.reporter.stop()
  await gateway.close()
  if (isSent) await removeTaskDirectory(context.driver, task.directory)
}
