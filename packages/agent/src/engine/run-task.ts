import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import type { JobSpec } from '@orrery/protocol'
import { maskerFor, privateKeyBody } from '@orrery/protocol/masking'
import { answerHelper } from '../control/answer-helper.ts'
import { openControl } from '../control/server.ts'
import { fetchEarlierResults } from '../earlier-results/earlier-results.ts'
import { makeEnvironment } from '../environment/environment.ts'
import { linkHelper } from '../environment/link-helper.ts'
import { resolvePath } from '../environment/paths.ts'
import { prepareLauncher } from '../process/launch.ts'
import { ProcessTable } from '../process/process-table.ts'
import { stopReasonOf } from '../process/stop-reason.ts'
import { UsageMeter } from '../process/usage-meter.ts'
import { openForwards } from '../services/port-forwards.ts'
import { EventFile } from '../spool/event-file.ts'
import { type TaskPaths, taskPaths } from '../spool/layout.ts'
import { KeyAgent } from '../ssh/key-agent.ts'
import { GitAccess } from '../steps/checkout/git-access.ts'
import { Connection, type Reply } from '../uplink/connection.ts'
import { RenewLoop } from '../uplink/renew-loop.ts'
import { GoneError } from '../uplink/retry.ts'
import { Sender } from '../uplink/sender.ts'
import { taskUplink } from '../uplink/task-uplink.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { fetchSpec, readPlaceInfo } from './fetch-spec.ts'
import { setUpLayers, tearDownLayers } from './layer-steps.ts'
import { reportEnvironment } from './report-environment.ts'
import { firstStep, runSteps } from './run-steps.ts'
import { enableSsh } from './ssh-steps.ts'
import { StopSwitch } from './stop-switch.ts'
import type { Task } from './task.ts'

/** Time what steps left in the background has to obey SIGTERM at the end of the task, ms. */
const leftoverGraceMs = 1_000

/** The task was asked for already. */
export interface Asked {
  connection: Connection
  answer: Reply
}

/**
 * Runs the task of a task directory from the spec to the last acknowledgement:
 * prepare → step 1 → configured steps → `task.ended` → everything acknowledged.
 *
 * Beside the steps run: one event loop, one loop for each log, the renew loop, the control server and the port
 * forwards. When the server gives the task up all children are killed at once.
 */
export async function runTask(root: string, asked?: Asked): Promise<ExitCode> {
  const paths = taskPaths(root)
  const connection = asked?.connection ?? new Connection(paths.gateway)
  const processes = new ProcessTable()
  try {
    const fetched = fetchSpec(connection, asked?.answer)
    fetched.catch(() => undefined)
    if (asked === undefined) makeDirectories(paths)
    mkdirSync(paths.spool, { recursive: true })
    prepareLauncher()
    const spec = await fetched
    await runSpec(spec, paths, connection, processes)
    return exitCodes.done
  } catch (error) {
    await processes.end(0)
    if (error instanceof GoneError) return exitCodes.gone
    process.stderr.write(`agent: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return exitCodes.fault
  }
}

async function runSpec(
  spec: JobSpec,
  paths: TaskPaths,
  connection: Connection,
  processes: ProcessTable,
): Promise<void> {
  const stop = new StopSwitch(spec.limits)
  const meter = new UsageMeter()
  const sender = new Sender(paths, EventFile.create(paths.events), connection)
  const renew = new RenewLoop(connection, { canceled: () => stop.cancel(), lost: (leaseS) => stop.loseLease(leaseS) })
  const broken = Promise.race([sender.done, renewing(renew, sender)]).then(() => new Promise<never>(() => undefined))
  broken.catch(() => stop.abandon())

  const task = await prepare(spec, paths, connection, sender, stop, processes)
  const ssh = await Promise.race([enableSsh(task), broken])
  await Promise.race([setUpLayers(task), broken])
  const outcome = await Promise.race([runSteps(task), broken])
  stop.close()
  // The clock of the maximum run time stands: people may look as long as they are allowed to.
  await Promise.race([ssh?.wait(firstStep + spec.steps.length), broken])
  ssh?.close()
  await Promise.race([tearDownLayers(task), broken])
  const stopped = task.signal.aborted ? stopReasonOf(task.signal) : undefined
  const usage = meter.end()
  sender.report({
    type: 'task.ended',
    outcome: stopped?.status ?? outcome,
    ...(stopped === undefined ? {} : { reason: stopped.message }),
    ...(usage === undefined ? {} : { usage }),
  })
  await Promise.all([sender.done, processes.end(leftoverGraceMs)])
  renew.stop()
  await task.git.close()
}

/** After `task.ended` was reported the server may well answer that the task is over: then that is no news. */
async function renewing(renew: RenewLoop, sender: Sender): Promise<void> {
  try {
    await renew.run()
  } catch (error) {
    if (!sender.closing) throw error
  }
  await sender.done
}

async function prepare(
  spec: JobSpec,
  paths: TaskPaths,
  connection: Connection,
  sender: Sender,
  stop: StopSwitch,
  processes: ProcessTable,
): Promise<Task> {
  const place = readPlaceInfo(paths.placeInfo)
  const source = { spec, place, own: process.env, uid: process.getuid?.() ?? 0, data: paths.data }
  const environment = await makeEnvironment(source)
  // A relative directory counts from HOME (spec: execution.md 10.9).
  const workingDirectory = resolvePath(spec.workingDirectory, environment.home, environment.home)
  const newMasker = maskerFor([...spec.maskValues, ...checkoutSecrets(spec)])
  const task: Task = {
    spec,
    paths,
    connection,
    sender,
    environment,
    workingDirectory,
    shell: spec.shell?.trim() || (existsSync('/bin/bash') ? '/bin/bash -eo pipefail' : '/bin/sh -eo pipefail'),
    newMasker,
    processes,
    git: new GitAccess(paths.gateway, spec.checkout.gatewayPath),
    keyAgent: new KeyAgent(paths.data, processes),
    additions: {},
    signal: stop.signal,
    halted: false,
  }
  const uplink = taskUplink(connection, stop.signal)
  const results = fetchEarlierResults(spec, uplink, paths.earlierResults)
  linkHelper()
  makeWorkingDirectory(workingDirectory)
  await Promise.all([
    reportEnvironment({ sender, newMasker, spec }, spec, environment),
    openControl(paths.control, answerHelper(task, uplink, results)),
  ])
  openForwards(place.forwards)
  return task
}

/** What opens the repository; steps find the key in ~/.ssh and may print it. */
function checkoutSecrets({ checkout: { https, ssh } }: JobSpec): string[] {
  return [...(https ? [https.token] : []), ...(ssh ? [privateKeyBody(ssh.privateKey)] : [])]
}

/** Those that need no task. What a start does to the disk it does at once: each way through the thread pool would cost more than the call. */
export function makeDirectories(paths: TaskPaths): void {
  for (const path of [paths.data, paths.tmp]) mkdirSync(path, { recursive: true })
  // Steps may run as several users.
  chmodSync(paths.data, 0o777)
}

function makeWorkingDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch {
    // The first step meets the same error and tells it.
  }
}
