import type { Step } from '@orrery/protocol'
import { resolvePath } from '../environment/paths.ts'
import { fullDisk } from '../process/full-disk.ts'
import { oomKills } from '../process/oom-kills.ts'
import { runProgram } from '../process/run-program.ts'
import { stopReasonOf } from '../process/stop-reason.ts'
import { executeStep } from '../steps/index.ts'
import type { ProcessContext } from '../steps/process-context.ts'
import type { StepResult } from '../steps/step.ts'
import { askPlace } from '../uplink/ask-place.ts'
import { GoneError } from '../uplink/retry.ts'
import { taskUplink } from '../uplink/task-uplink.ts'
import { type OpenStep, openStep } from './open-step.ts'
import type { Task } from './task.ts'

export interface Attempt {
  step: Step
  /** 101 for the first step of the config. */
  number: number
  attempt: number
  /** Ends this attempt; its reason is a StopReason. */
  signal: AbortSignal
}

/** Runs one attempt of one configured step, from its first event to its last. Never rejects for the step's sake. */
export async function runAttempt(task: Task, { step, number, attempt, signal }: Attempt): Promise<StepResult> {
  const isRun = step.kind === 'run'
  const background = isRun && step.background
  const open = openStep(task, {
    step: number,
    attempt,
    name: step.name,
    kind: step.kind,
    background,
    origin: step.origin,
    ...(isRun ? { command: step.command } : {}),
    ...(isRun && step.maxAutoReruns !== undefined ? { maxAutoReruns: step.maxAutoReruns } : {}),
  })
  const killedBefore = isRun ? oomKills() : 0
  const result = await execute(task, step, contextOf(task, step, open, signal), open)
  const explained = isRun ? await explain(result, killedBefore, task, open) : result
  await open.end(explained, background)
  return explained
}

/** A program that the kernel killed only ends with 137, if at all: its shell may say something else (spec: execution.md 3.2). */
async function explain(result: StepResult, killedBefore: number, task: Task, open: OpenStep): Promise<StepResult> {
  if (result.status !== 'failed') return result
  if (oomKills() <= killedBefore) return explainDisk(result, task, open)
  const { name, memoryMb } = task.spec.resourceClass
  open.log.write(`The kernel killed a process: the job has ${memoryMb} MB of memory (class ${name}).\n`)
  return { ...result, hint: 'killed: out of memory' }
}

/** Programs tell it in a hundred ways, and in the midst of much else. */
async function explainDisk(result: StepResult, task: Task, open: OpenStep): Promise<StepResult> {
  const full = await fullDisk([task.workingDirectory, '/tmp', task.environment.home])
  if (full === undefined) return result
  open.log.write(`The disk that holds ${full} is full.\n`)
  return { ...result, hint: result.hint ?? 'the disk is full' }
}

async function execute(task: Task, step: Step, context: ProcessContext, open: OpenStep): Promise<StepResult> {
  let result: StepResult
  try {
    result = await executeStep(step, context)
  } catch (error) {
    if (error instanceof GoneError) throw error
    if (!context.signal.aborted) open.log.write(`${error instanceof Error ? error.message : String(error)}\n`)
    result = { status: 'failed', exitCode: 1 }
  }
  if (!context.signal.aborted || result.status === 'success') return result
  const reason = stopReasonOf(context.signal)
  // Only the task's own end is news to the reader; a background step that is over needs no explanation.
  if (task.signal.aborted) open.log.write(`\n${reason.message}\n`)
  return { ...result, status: reason.status }
}

/** What earlier steps set, above the image's variables and below those that config, contexts and project give. */
function additionsOf({ additions, environment: { vars, fromImage } }: Task): Record<string, string> {
  return Object.fromEntries(
    Object.entries(additions).filter(([name]) => !Object.hasOwn(vars, name) || fromImage.has(name)),
  )
}

function contextOf(task: Task, step: Step, open: OpenStep, signal: AbortSignal): ProcessContext {
  const { environment, spec, workingDirectory } = task
  const own = step.kind === 'run' ? step.environment : {}
  return {
    spec,
    env: { ...task.git.apply({ ...environment.vars, ...additionsOf(task) }), ...own },
    home: environment.home,
    workingDirectory,
    resolvePath: (path) => resolvePath(path, environment.home, workingDirectory),
    write: (text) => open.log.write(text),
    uplink: taskUplink(task.connection, signal),
    signal,
    tmp: task.paths.tmp,
    step: open.step,
    attempt: open.attempt,
    shell: task.shell,
    run: (program) =>
      runProgram(program, {
        table: task.processes,
        graceMs: spec.limits.cancelGraceS * 1000,
        write: (bytes) => open.log.push(bytes),
        onDrain: (resume) => open.log.onDrain(resume),
        signal,
      }),
    openGitProxy: () => task.git.open(),
    setVariables: (variables) => Object.assign(task.additions, variables),
    askPlace: (path, body) => askPlace(task.connection, path, body, signal),
    addGitConfig: (settings) => task.git.add(settings),
    startKeyAgent: async () => {
      if (!(await task.keyAgent.start(environment.vars))) return undefined
      task.additions['SSH_AUTH_SOCK'] = task.keyAgent.socket
      return task.keyAgent.socket
    },
  }
}
