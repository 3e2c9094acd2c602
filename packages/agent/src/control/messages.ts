import {
  ImpactAnswer,
  ImpactData,
  ImpactKey,
  ImpactRequest,
  SelectionRequest,
  TestBatch,
  TestBatchRequest,
  TestSelection,
  TokenRequest,
} from '@orrery/protocol'
import { z } from 'zod'

/** What the in-job helper asks the agent over the control socket: one JSON line each way. */
export const ControlRequest = z.discriminatedUnion('command', [
  z.object({ command: z.literal('halt') }),
  z.object({ command: z.literal('earlier-results') }),
  /** What git asks a credential helper for. */
  z.object({ command: z.literal('git-credential'), protocol: z.string(), host: z.string() }),
  TokenRequest.extend({ command: z.literal('token') }),
  TestBatchRequest.extend({ command: z.literal('take-tests') }),
  ImpactRequest.extend({ command: z.literal('impact') }),
  z.object({ command: z.literal('impact-parts'), parts: z.array(z.uuid()).max(10_000) }),
  SelectionRequest.extend({ command: z.literal('agree-on-tests') }),
  z.object({
    command: z.literal('store-impact'),
    key: ImpactKey,
    replaces: z.array(z.uuid()).max(10_000),
    data: ImpactData,
  }),
])
export type ControlRequest = z.infer<typeof ControlRequest>

export const ControlAnswer = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    /** `earlier-results`, answered once they are there: where they are. */
    results: z.string().nullish(),
    /** `earlier-results`: the workflow whose failed tests alone are to run. */
    rerunFailedOf: z.string().nullish(),
    /** `take-tests`. */
    batch: TestBatch.optional(),
    /** `impact`. */
    impact: ImpactAnswer.optional(),
    /** `impact-parts`: where they are, in the order asked for. */
    paths: z.array(z.string()).optional(),
    /** `agree-on-tests`. */
    selection: TestSelection.optional(),
    /** `git-credential`; null when there is none for that host. */
    credential: z.object({ username: z.string(), token: z.string() }).nullish(),
    /** `token`. */
    token: z.string().optional(),
  }),
  z.object({ ok: z.literal(false), error: z.string().optional() }),
])
export type ControlAnswer = z.infer<typeof ControlAnswer>
