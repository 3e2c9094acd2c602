import { ImpactAnswer, TestBatch, TestSelection, TokenAnswer } from '@orrery/protocol'
import type { Task } from '../engine/task.ts'
import { fetchImpactParts, storeImpact } from '../impact/impact-store.ts'
import { checkoutCredential } from '../steps/checkout/https-access.ts'
import type { Uplink } from '../uplink/uplink.ts'
import type { ControlHandler } from './server.ts'

/** What the in-job helper may ask of the task it runs in (spec: execution.md 17). `results`: earlier-results.ts. */
export function answerHelper(task: Task, uplink: Uplink, results: Promise<string | null>): ControlHandler {
  return async (request) => {
    switch (request.command) {
      case 'halt':
        task.halted = true
        return { ok: true }
      case 'earlier-results':
        return { ok: true, results: await results, rerunFailedOf: task.spec.tests?.rerunFailedOf }
      case 'git-credential':
        return { ok: true, credential: checkoutCredential(task.spec.checkout, request) }
      case 'token': {
        const { command: _, ...body } = request
        return { ok: true, token: (await uplink.json('POST', '/token', body, TokenAnswer)).token }
      }
      case 'take-tests': {
        const { command: _, ...body } = request
        return { ok: true, batch: await uplink.json('POST', '/test-queue', body, TestBatch) }
      }
      case 'impact': {
        const { command: _, ...body } = request
        return { ok: true, impact: await uplink.json('POST', '/test-impact', body, ImpactAnswer) }
      }
      case 'impact-parts':
        return { ok: true, paths: await fetchImpactParts(uplink, task.paths.impact, request.parts) }
      case 'agree-on-tests': {
        const { command: _, ...body } = request
        return { ok: true, selection: await uplink.json('POST', '/test-impact/selection', body, TestSelection) }
      }
      case 'store-impact':
        await storeImpact(uplink, task.paths.tmp, request)
        return { ok: true }
    }
  }
}
