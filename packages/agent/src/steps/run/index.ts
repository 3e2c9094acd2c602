import { accessSync, constants, mkdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunStep } from '@orrery/protocol'
import { reasonOf } from '../../archive/reason.ts'
import { splitWords } from '../../process/split-words.ts'
import type { ProcessContext } from '../process-context.ts'
import { programResult } from '../program-result.ts'
import { failed, type StepResult, succeeded } from '../step.ts'
import { deployTurn } from './deploy-turn.ts'

/** Longest single argument that Linux takes, with its closing zero byte. */
const longestArgument = 128 * 1024

/** Runs a command in a shell of its own (spec: execution.md 10.2 and 10.3). */
export async function execute(step: RunStep, context: ProcessContext): Promise<StepResult> {
  if (step.deploy === true) {
    const turn = await deployTurn(context)
    if (turn === 'other-node') {
      context.write('A deploy step runs on node 0 only.\n')
      return succeeded
    }
    if (turn === 'failed') {
      context.write('Not deployed: another node of this job failed.\n')
      return failed
    }
  }
  // A blank one comes from a parameter's empty default and means "not given".
  const shell = step.shell?.trim() || context.shell
  context.write(`#!${shell}\n${step.command}${step.command.endsWith('\n') ? '' : '\n'}`)
  const cwd = context.resolvePath(step.workingDirectory ?? '.')
  const failure = makeDirectory(cwd)
  if (failure !== undefined) {
    context.write(`The working directory ${cwd} cannot be ${failure}\n`)
    return failed
  }
  const [file = '', ...options] = splitWords(shell)
  const noOutputTimeoutS = step.noOutputTimeoutS ?? (step.background ? undefined : context.spec.limits.noOutputTimeoutS)
  const script = Buffer.byteLength(step.command) < longestArgument ? undefined : await writeScript(step, context)
  try {
    const argv: [string, ...string[]] = [file, ...options, ...(script === undefined ? ['-c', step.command] : [script])]
    const end = await context.run({ argv, cwd, env: context.env, noOutputTimeoutS })
    return programResult(end, file, noOutputTimeoutS, context)
  } finally {
    if (script !== undefined) await rm(script, { force: true })
  }
}

/**
 * A missing directory is made: an earlier step may have removed it, or the config names a new one. Whether it can be
 * entered is asked here, because the system's answer to a start in it names the program.
 */
function makeDirectory(path: string): string | undefined {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    return `made: ${reasonOf(error)}`
  }
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    return `entered: ${reasonOf(error)}`
  }
}

async function writeScript(step: RunStep, context: ProcessContext): Promise<string> {
  const path = join(context.tmp, `step-${context.step}-${context.attempt}`)
  // The shell line may change the user first (`sudo -u …`).
  await writeFile(path, step.command, { mode: 0o755 })
  return path
}
