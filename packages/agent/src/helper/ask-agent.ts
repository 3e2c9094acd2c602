import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol/errors'
import { ControlAnswer, type ControlRequest } from '../control/messages.ts'

export type Granted = Extract<ControlAnswer, { ok: true }>

/** `CIRCLE_INTERNAL_TASK_DATA` of this environment; undefined outside a job. */
export function taskData(): string | undefined {
  return process.env['CIRCLE_INTERNAL_TASK_DATA'] || undefined
}

/**
 * One question to the agent of this job, over its socket in `data`. Undefined when there is no such socket. Throws
 * ORY_OUTSIDE_JOB when nobody listens any more or the answer is not understood, and with the agent's own words when it
 * says no.
 */
export async function askAgent(data: string, request: ControlRequest): Promise<Granted | undefined> {
  const socket = connect(join(data, 'agent.sock'))
  socket.setEncoding('utf8')
  try {
    await once(socket, 'connect')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OrreryError('ORY_OUTSIDE_JOB', ['the agent of the job cannot be reached'], { cause: error })
  }
  socket.write(`${JSON.stringify(request)}\n`)
  let text = ''
  for await (const part of socket as AsyncIterable<string>) text += part
  const answer = parse(text)
  if (answer?.ok === true) return answer
  throw new OrreryError('ORY_OUTSIDE_JOB', [answer?.error || 'the agent did not understand; is it another version?'])
}

function parse(text: string): ControlAnswer | undefined {
  try {
    return ControlAnswer.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
