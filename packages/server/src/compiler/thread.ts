/** The thread that compiles strangers' configs, one after the other; `compiler.ts` is its other end. */
import { parentPort } from 'node:worker_threads'
import { compile } from '@orrery/config'
import type { CompileRequest, FromThread, OrbAnswer, ToThread } from './messages.ts'

const waiting = new Map<number, (answer: OrbAnswer) => void>()
let asked = 0

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

function resolveOrb(reference: string): Promise<OrbAnswer> {
  const id = ++asked
  send({ kind: 'orb', id, reference })
  return new Promise((resolve) => waiting.set(id, resolve))
}

async function run(request: CompileRequest): Promise<void> {
  send({ kind: 'began' })
  try {
    send({ kind: 'done', result: await compile({ ...request, orbResolver: { resolve: resolveOrb } }) })
  } catch (error) {
    send({ kind: 'failed', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'compile') {
    void run(message.request)
    return
  }
  waiting.get(message.id)?.(message.answer)
  waiting.delete(message.id)
})
