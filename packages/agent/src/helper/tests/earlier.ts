import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { OrreryError } from '@orrery/protocol/errors'
import { z } from 'zod'
import { askAgent, taskData } from '../ask-agent.ts'

/** A test case of an earlier run. `file` is relative to the working directory when it lies in it. */
export interface EarlierTest {
  file: string | undefined
  classname: string | undefined
  name: string
  seconds: number
  failed: boolean
}

export interface Earlier {
  tests: EarlierTest[]
  /** The workflow whose failed tests are to run again; undefined in an ordinary run. */
  rerunFailedOf: string | undefined
}

/** Only the fields we use; a script may have written the file, so an odd element is left out and the rest is kept. */
const Entry = z.object({
  file: z.string().nullish(),
  classname: z.string().nullish(),
  name: z.string().default(''),
  run_time: z.number().default(0).catch(0),
  result: z.string().nullish(),
})
const Results = z.object({ tests: z.array(z.unknown()) })

/**
 * What the server sent to this node about earlier runs; empty when there is nothing, or outside a job. Waits until the
 * agent has it. Throws ORY_EARLIER_RESULTS when there is something and it cannot be read: the other nodes deal by it.
 */
export async function loadEarlier(): Promise<Earlier> {
  const data = taskData()
  if (data === undefined) return { tests: [], rerunFailedOf: undefined }
  const answer = await askAgent(data, { command: 'earlier-results' }).catch((error: unknown) => unavailable(error))
  if (answer === undefined) {
    const left = join(data, 'circle-test-results', 'results.json')
    return { tests: await readResults(left).catch(() => []), rerunFailedOf: undefined }
  }
  const { results, rerunFailedOf } = answer
  const tests = results == null ? [] : await readResults(results).catch((error: unknown) => unavailable(error))
  return { tests, rerunFailedOf: rerunFailedOf ?? undefined }
}

/** A file in the notation of `results.json`. Throws with a reason for people. */
export async function readResults(path: string): Promise<EarlierTest[]> {
  const parsed = Results.safeParse(JSON.parse(await readFile(path, 'utf8')))
  if (!parsed.success) throw new Error(`${path} holds no list of tests`)
  return parsed.data.tests.flatMap((one) => {
    const entry = Entry.safeParse(one).data
    if (entry === undefined) return []
    return [
      {
        file: entry.file ? normalPath(entry.file) : undefined,
        classname: entry.classname || undefined,
        name: entry.name,
        seconds: entry.run_time > 0 ? entry.run_time : 0,
        failed: entry.result === 'failure' || entry.result === 'error',
      },
    ]
  })
}

/** How file names compare: `./a` is `a`, and what lies in the working directory counts from there. */
export function normalPath(path: string): string {
  const inside = relative('.', resolve(path))
  return inside.startsWith('..') ? resolve(path) : inside
}

function unavailable(error: unknown): never {
  throw new OrreryError('ORY_EARLIER_RESULTS', [error instanceof Error ? error.message : String(error)], {
    cause: error,
  })
}
