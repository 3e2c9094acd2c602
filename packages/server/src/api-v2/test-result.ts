import type { TestView } from '@orrery/protocol'
import { z } from 'zod'

/** One test as scripts read it, in both versions of the API (api.md 2.3 and 3.1). Texts, never null. */
export const Test = z.object({
  message: z.string(),
  source: z.string(),
  run_time: z.number(),
  file: z.string().optional(),
  result: z.enum(['success', 'failure', 'skipped', 'error']),
  name: z.string(),
  classname: z.string(),
})
export type Test = z.infer<typeof Test>

export function toTest({ name, classname, file, runTime, result, message }: TestView): Test {
  return {
    message,
    source: 'test-suite',
    run_time: runTime,
    ...(file !== undefined && { file }),
    result,
    name,
    classname,
  }
}
