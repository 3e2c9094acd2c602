import { setTimeout as delay } from 'node:timers/promises'
import { SiblingsAnswer } from '@orrery/protocol'
import type { StepContext } from '../step.ts'

/** How often the server is asked while other nodes run, ms. */
const askMs = 1_000

/**
 * Whose turn a deprecated `deploy` step is (spec: execution.md 10.1): node 0's, once all other nodes have succeeded.
 * Undefined = go on; else why not. Waits as long as other nodes run; rejects when the step has to stop.
 */
export async function deployTurn(context: StepContext): Promise<'other-node' | 'failed' | undefined> {
  const { nodeIndex, nodeTotal } = context.spec
  if (nodeTotal === 1) return undefined
  if (nodeIndex !== 0) return 'other-node'
  context.write('Waiting for the other nodes of this job\n')
  for (;;) {
    const { state } = await context.uplink.json('GET', '/siblings', undefined, SiblingsAnswer)
    if (state === 'success') return undefined
    if (state === 'failed') return 'failed'
    await delay(askMs, undefined, { signal: context.signal })
  }
}
