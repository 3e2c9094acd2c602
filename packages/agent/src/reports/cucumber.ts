import type { TestResult } from '@orrery/protocol'
import { z } from 'zod'
import { clip, maxMessageLength, repoPath } from './fields.ts'
import type { ReportOutcome } from './junit.ts'

/** Only what is shown; a stranger's odd element loses its field, not the report. */
const Result = z.object({
  status: z.string().catch('passed'),
  /** Nanoseconds. */
  duration: z.number().catch(0).optional(),
  error_message: z.string().optional().catch(undefined),
})
const Part = z.object({ result: Result.optional().catch(undefined) })
const Parts = z.array(Part).optional().catch(undefined)
const Scenario = z.object({
  type: z.string().optional(),
  name: z.string().catch(''),
  before: Parts,
  steps: Parts,
  after: Parts,
})
const Feature = z.object({
  uri: z.string().optional(),
  name: z.string().catch(''),
  elements: z.array(Scenario).catch([]),
})

type ResultPart = z.infer<typeof Part>

const failing = new Set(['failed', 'ambiguous'])
const skipping = new Set(['skipped', 'pending', 'undefined'])

/**
 * Cucumber's JSON (spec: execution.md 14.1): one test for each scenario, in seconds the sum of its steps and hooks.
 * `foreign` when the text is JSON of another kind, which directories are full of.
 */
export function parseCucumber(
  text: string,
  onTest: (test: TestResult) => void,
): ReportOutcome | { ok: false; foreign: true } {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return { ok: false, error: 'it is not JSON', tests: 0 }
  }
  if (!Array.isArray(data) || !data.some((feature) => isRecord(feature) && Array.isArray(feature['elements']))) {
    return { ok: false, foreign: true }
  }
  let tests = 0
  for (const candidate of data) {
    const feature = Feature.safeParse(candidate)
    if (!feature.success) continue
    for (const scenario of feature.data.elements) {
      if (scenario.type === 'background') continue
      const parts = [...(scenario.before ?? []), ...(scenario.steps ?? []), ...(scenario.after ?? [])]
      onTest({
        name: scenario.name,
        classname: feature.data.name,
        ...(feature.data.uri ? { file: repoPath(feature.data.uri) } : {}),
        runTime: parts.reduce((sum, part) => sum + Math.max(0, part.result?.duration ?? 0), 0) / 1e9,
        result: resultOf(parts),
        message: clip(messageOf(parts), maxMessageLength),
        source: 'cucumber',
      })
      tests++
    }
  }
  return { ok: true, tests }
}

function resultOf(parts: readonly ResultPart[]): TestResult['result'] {
  if (parts.some((part) => failing.has(part.result?.status ?? ''))) return 'failure'
  return parts.some((part) => skipping.has(part.result?.status ?? '')) ? 'skipped' : 'success'
}

function messageOf(parts: readonly ResultPart[]): string {
  return parts.flatMap((part) => part.result?.error_message ?? []).join('\n')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
