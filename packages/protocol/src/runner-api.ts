/**
 * What a runner says to the server. Base path `/api/runner/v1`, `Authorization: Bearer <runner token>`.
 *
 * | call | body → answer |
 * |---|---|
 * | `POST /hello` | Hello → HelloAnswer: the tasks the server believes this runner holds, with fresh task tokens |
 * | `POST /claim` | ClaimRequest → 200 Claim or 204 when `waitS` passed without work |
 * | `POST /tasks/:taskId/release` | ReleaseRequest → 204: the task goes back to the queue; only while no step started |
 *
 * After a claim, everything about the task goes to the agent API (agent-api.ts) with the task token; the runner's own
 * events there have `source: "runner"`: step 0 and the service containers, and `task.ended` when the place died.
 */
import { z } from 'zod'
import { JobSpec } from './job-spec.ts'

export const RunnerInfo = z.object({
  /** Stable over restarts; generated once and kept in the runner's data directory. */
  id: z.uuid(),
  name: z.string(),
  version: z.string(),
  os: z.string(),
  arch: z.string(),
})
export type RunnerInfo = z.infer<typeof RunnerInfo>

export const Hello = z.object({ runner: RunnerInfo })
export type Hello = z.infer<typeof Hello>
export const HelloAnswer = z.object({
  running: z.array(
    z.object({
      taskId: z.uuid(),
      epoch: z.number().int(),
      taskToken: z.string(),
      /** True when an agent event was stored: releasing is no longer allowed. */
      started: z.boolean(),
      /** What the logs that the runner sends for it must not show; the document itself is not given out again. */
      maskValues: z.array(z.string()),
    }),
  ),
})
export type HelloAnswer = z.infer<typeof HelloAnswer>

export const ClaimRequest = z.object({
  runner: RunnerInfo,
  /** Executor types the runner's drivers offer. */
  executors: z.array(z.enum(['docker', 'machine', 'macos'])),
  waitS: z.number().min(0).max(60),
})
export type ClaimRequest = z.infer<typeof ClaimRequest>

export const Claim = z.object({
  spec: JobSpec,
  /** Fencing token: rises with every claim of the task. */
  epoch: z.number().int().min(1),
  taskToken: z.string(),
  leaseS: z.number().positive(),
})
export type Claim = z.infer<typeof Claim>

export const ReleaseRequest = z.object({ epoch: z.number().int(), reason: z.string() })
export type ReleaseRequest = z.infer<typeof ReleaseRequest>
