import type { Invocation } from './invocation.ts'

interface Distinct {
  workflows: Set<string>
  members: Invocation[]
  gate: boolean
}

/**
 * Gives every invocation its final name: distinct jobs that ask for one name are numbered (16.12). `foreign` are names
 * that other jobs have already.
 */
export function nameJobs(invocations: Invocation[], foreign: ReadonlySet<string> = new Set()): void {
  const requested = new Map<string, Invocation[]>()
  for (const one of invocations) {
    const others = requested.get(one.requested)
    if (others) others.push(one)
    else requested.set(one.requested, [one])
  }
  const taken = new Set([...foreign, ...requested.keys()])
  for (const [name, all] of requested) number(name, distinctJobs(all), taken, foreign)
}

/** Jobs of one name in the order of their first uses: equal texts are one job, but twice in one workflow they are two. */
function distinctJobs(invocations: Invocation[]): Distinct[] {
  const [first] = invocations
  // Most names are asked for once.
  if (first && invocations.length === 1) {
    return [{ workflows: new Set([first.workflow]), members: invocations, gate: first.job.type === 'approval' }]
  }
  // A job without arguments is compiled once for all its uses; reading its text to compare it would take longer.
  const alike = invocations.every(({ job }) => job === first?.job)
  const result: Distinct[] = []
  const byText = new Map<string, Distinct[]>()
  for (const one of invocations) {
    const text = alike ? '' : one.job.text
    const equal = byText.get(text) ?? []
    const same = equal.find((other) => !other.workflows.has(one.workflow))
    if (same) {
      same.workflows.add(one.workflow)
      same.members.push(one)
      continue
    }
    const fresh = { workflows: new Set([one.workflow]), members: [one], gate: one.job.type === 'approval' }
    result.push(fresh)
    equal.push(fresh)
    byText.set(text, equal)
  }
  return result
}

function number(name: string, distinct: Distinct[], taken: Set<string>, foreign: ReadonlySet<string>): void {
  let next = 1
  for (const one of distinct) {
    let final = name
    if (foreign.has(name) || collides(one, distinct)) {
      while (taken.has(`${name}-${next}`)) next++
      final = `${name}-${next}`
      taken.add(final)
    }
    for (const member of one.members) member.final = final
  }
}

/** Approvals stand for themselves in each workflow: they collide only inside one. */
function collides(one: Distinct, all: Distinct[]): boolean {
  return all.some((other) => {
    if (other === one) return false
    if (!one.gate && !other.gate) return true
    return [...one.workflows].some((workflow) => other.workflows.has(workflow))
  })
}
