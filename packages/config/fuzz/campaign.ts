import type { OrbResolver } from '../src/compile-types.ts'
import { checkCompile } from './check.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'

export interface Campaign {
  seed: number
  /** Index of the first case; a case depends on seed and index alone. */
  from: number
  runs: number
  texts: readonly string[]
  orbs: OrbResolver
}

export interface Finding {
  index: number
  problem: string
  text: string
}

export interface Outcome {
  runs: number
  compiled: number
  /** How often each code came first among the errors. */
  codes: Map<string, number>
  slowestMs: number
  findings: Finding[]
}

const maxFindings = 20

/** Compiles mutated configs, every fifth with mutated orbs too, and collects what breaks the contract. */
export async function runCampaign({ seed, from, runs, texts, orbs }: Campaign): Promise<Outcome> {
  const outcome: Outcome = { runs: 0, compiled: 0, codes: new Map(), slowestMs: 0, findings: [] }
  for (let index = from; index < from + runs && outcome.findings.length < maxFindings; index++) {
    const random = new Random(seed * 1_000_003 + index)
    const text = mutate(random.pick(texts), texts, random)
    const resolver = random.below(5) === 0 ? mutating(orbs, texts, seed + index) : orbs
    outcome.runs++
    try {
      const { result, ms } = await checkCompile(text, resolver, random.below(10) === 0)
      outcome.slowestMs = Math.max(outcome.slowestMs, ms)
      const first = result.diagnostics.find((one) => one.severity === 'error')?.code ?? 'ok'
      outcome.codes.set(first, (outcome.codes.get(first) ?? 0) + 1)
      if (result.ok) outcome.compiled++
    } catch (error) {
      outcome.findings.push({
        index,
        problem: error instanceof Error ? (error.stack ?? error.message) : String(error),
        text,
      })
    }
  }
  return outcome
}

/** The same orb gets the same wounds each time it is asked for. */
function mutating(orbs: OrbResolver, texts: readonly string[], seed: number): OrbResolver {
  return {
    resolve: async (reference) => {
      const answer = await orbs.resolve(reference)
      return answer.ok ? { ...answer, text: mutate(answer.text, texts, new Random(seed)) } : answer
    },
  }
}
