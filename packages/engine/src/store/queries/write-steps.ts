import type { TaskEvent } from '@orrery/protocol'
import { sql } from 'kysely'
import { storable, toJson } from '../json.ts'
import type { Tx } from '../transaction.ts'

export type StepStart = Extract<TaskEvent, { type: 'step.started' }>
export type StepEnd = Extract<TaskEvent, { type: 'step.ended' }>

/** Makes the steps that began, in one statement however many there are. One that stands there already stays as it is. */
export async function insertSteps(tx: Tx, taskId: string, starts: readonly StepStart[]): Promise<void> {
  if (starts.length === 0) return
  await tx.db
    .insertInto('steps')
    .values(
      starts.map((event) => ({
        task_id: taskId,
        step: event.step,
        attempt: event.attempt,
        name: storable(event.name),
        kind: storable(event.kind),
        command: event.command === undefined ? null : storable(event.command),
        background: event.background,
        max_auto_reruns: event.maxAutoReruns ?? null,
        origin: toJson(event.origin),
        status: 'running' as const,
        started_at: new Date(event.at),
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/**
 * Writes how steps ended, in one statement; of two ends of one attempt the later counts. Answers those that never began.
 * Another process may tell the end, by a clock that was set back meanwhile: nothing ends before it began.
 */
export async function endSteps(tx: Tx, taskId: string, ends: readonly StepEnd[]): Promise<StepEnd[]> {
  if (ends.length === 0) return []
  const last = new Map(ends.map((event) => [keyOf(event), event]))
  const rows = [...last.values()].map(({ step, attempt, status, exitCode, hint, insignificant, log, at }) => ({
    step,
    attempt,
    status,
    exit_code: exitCode,
    hint: hint === undefined ? null : storable(hint),
    insignificant,
    log_bytes: log.bytes,
    log_lines: log.lines,
    log_sha256: storable(log.sha256),
    ended_at: at,
  }))
  const written = await sql<{ step: number; attempt: number }>`
    update steps set
      status = new.status, exit_code = new.exit_code, hint = new.hint, insignificant = new.insignificant,
      log_bytes = new.log_bytes, log_lines = new.log_lines, log_sha256 = new.log_sha256, ended_at = greatest(steps.started_at, new.ended_at)
    from json_to_recordset(${toJson(rows)}::json) as new(
      step int, attempt int, status text, exit_code int, hint text, insignificant boolean,
      log_bytes bigint, log_lines bigint, log_sha256 text, ended_at timestamptz
    )
    where steps.task_id = ${taskId} and steps.step = new.step and steps.attempt = new.attempt
    returning steps.step, steps.attempt`.execute(tx.db)
  for (const row of written.rows) last.delete(keyOf(row))
  return [...last.values()]
}

function keyOf({ step, attempt }: { step: number; attempt: number }): string {
  return `${step}-${attempt}`
}
