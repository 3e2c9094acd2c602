import { OrreryError } from '@orrery/protocol/errors'
import { askAgent, taskData } from '../ask-agent.ts'
import { warn } from '../say.ts'
import type { Earlier } from '../tests/earlier.ts'
import { splitNames } from '../tests/split.ts'
import type { SplitOptions } from '../tests/split-options.ts'
import { timeNames } from '../tests/timings.ts'
import type { TestSuite } from './schema.ts'

/**
 * This node's parts of the atoms, one after the other: its whole share at once, or with `dynamic-test-splitting` what
 * the queue of the job gives it until nothing is left (spec: execution.md 16.5). Outside a job there is no queue.
 */
export async function* batchesOf(
  suite: TestSuite,
  atoms: readonly string[],
  options: SplitOptions,
  earlier: Earlier,
): AsyncGenerator<string[]> {
  const data = taskData()
  if (!suite.options['dynamic-test-splitting'] || data === undefined) {
    const mine = await splitNames(atoms, options, async () => earlier.tests)
    if (mine.length > 0) yield mine
    return
  }
  for (let done = 0; ; done++) {
    const tests = done === 0 ? timesOf(atoms, earlier) : []
    const answer = await askAgent(data, { command: 'take-tests', suite: suite.name, tests, done })
    if (answer === undefined) throw new OrreryError('ORY_OUTSIDE_JOB', ['the agent of the job cannot be reached'])
    const batch = answer.batch?.tests ?? []
    if (batch.length === 0) return
    warn(`Took ${batch.length} test atoms from the queue`)
    yield batch
  }
}

function timesOf(atoms: readonly string[], earlier: Earlier): { name: string; seconds: number }[] {
  const timed = timeNames(atoms, earlier.tests, { type: 'autodetect', defaultSeconds: 0 })
  const items = timed.ok ? timed.items : atoms.map((name) => ({ name, weight: 0 }))
  return items.map(({ name, weight }) => ({ name, seconds: weight }))
}
