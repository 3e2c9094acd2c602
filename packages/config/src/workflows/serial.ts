import { type CompiledJob, jobText } from '../jobs/compile.ts'
import type { RequiredStatus } from '../plan.ts'
import { cut } from '../report/suggest.ts'
import type { Env } from '../scope/types.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { textOf } from '../templates/text.ts'
import { isBroken, type YNode } from '../yaml/nodes.ts'
import type { CompiledWorkflow, Invocation } from './invocation.ts'

/** The key of a `serial-group`, or undefined when there is none or it is faulty, which has then been reported (16.11). */
export function serialKey(written: YNode | undefined, env: Env): string | undefined {
  if (!written) return undefined
  const value = evaluateNode(written, env)
  if (isBroken(value)) return undefined
  const key = textOf(value)
  if (key !== undefined && /^[A-Za-z0-9._/-]{1,512}$/.test(key)) return key
  const hint = '1 to 512 letters, digits, ".", "-", "_" or "/"'
  env.world.report.add('C540', value, `Invalid serial-group value ${cut(key ?? '')}`, { stack: env.stack, hint })
  return undefined
}

/** Warns of keys that occur twice in a workflow. */
export function warnRepeatedKeys({ invocations }: CompiledWorkflow, env: Env): void {
  const seen = new Set<string>()
  for (const { serialGroup, job, entry } of invocations) {
    const key = serialGroup ?? (job.type === 'lock' ? job.serialKey : undefined)
    if (key === undefined) continue
    if (seen.has(key)) {
      const message = `The serial-group value ${cut(key)} occurs twice in one workflow`
      env.world.report.add('W929', entry, message, { stack: env.stack })
    }
    seen.add(key)
  }
}

/** What `terminal` stands for. */
export const terminal: RequiredStatus[] = ['success', 'failed', 'canceled', 'unauthorized', 'not_run']

/** Puts a lock job before and an unlock job behind every member of a serial group; names are final by now. */
export function expandSerialGroups(invocations: Invocation[]): Invocation[] {
  if (invocations.every((one) => one.serialGroup === undefined)) return invocations
  return invocations.flatMap((one) => {
    const key = one.serialGroup
    if (key === undefined) return [one]
    const lock = synthetic(one, 'lock', key, `${one.final}/serial-group-start`)
    const unlock = synthetic(one, 'unlock', key, `${one.final}/serial-group-end`)
    lock.dependencies = one.dependencies
    one.dependencies = [{ on: lock, statuses: ['success'] }]
    unlock.dependencies = [{ on: one, statuses: terminal }]
    return [lock, one, unlock]
  })
}

function synthetic(of: Invocation, type: 'lock' | 'unlock', key: string, name: string): Invocation {
  return {
    workflow: of.workflow,
    entry: of.entry,
    definition: of.definition,
    requested: name,
    requires: [],
    contexts: [],
    filters: of.filters,
    job: keyedJob(type, key),
    synthetic: 'serial-group',
    final: name,
    dependencies: [],
  }
}

/** The job that takes or gives back the lock of a serial group. */
export function keyedJob(type: 'lock' | 'unlock', key: string): CompiledJob {
  return { type, text: jobText(type, { key }), serialKey: key }
}
