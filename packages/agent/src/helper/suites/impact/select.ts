import type { TestSelection } from '@orrery/protocol'
import { clip } from '../../../reports/index.ts'
import type { TestSuite } from '../schema.ts'
import type { ImpactIndex } from './impact-index.ts'
import { changeOf, globsIn, type Watched } from './watched.ts'

/** A reason names a path or a glob of somebody else. */
const mostReason = 1000

/** All that decides which atoms run (spec: execution.md 16.4). */
export interface SelectionFacts {
  suite: TestSuite
  atoms: readonly string[]
  index: ImpactIndex
  /** What is in the files of the index now; undefined = missing. */
  hashes: ReadonlyMap<string, string | undefined>
  watched: Watched
  /** Atoms that failed when the job ran last on this branch; a sentence when they cannot be told. */
  failed: ReadonlySet<string> | string
}

/** Sorts the atoms. Each selected one has the first reason that is found for it. */
export function selectAtoms(facts: SelectionFacts): TestSelection {
  const { atoms } = facts
  const changes = changesOf(facts)
  const stale = atoms.filter((atom) => changes(atom) !== undefined)
  const everything = reasonForAll(facts)
  if (everything !== undefined) return { ...allOf(atoms, everything), stale }
  const rules = rulesOf(facts)
  const reasons = atoms.map((atom) => ({ atom, reason: reasonFor(atom, facts, changes) ?? rules.get(atom) }))
  return {
    selected: reasons.flatMap(({ atom, reason }) =>
      reason === undefined ? [] : [{ atom, reason: clip(reason, mostReason) }],
    ),
    skipped: reasons.filter(({ reason }) => reason === undefined).map(({ atom }) => atom),
    stale,
  }
}

export function allOf(atoms: readonly string[], reason: string): TestSelection {
  return { selected: atoms.map((atom) => ({ atom, reason: clip(reason, mostReason) })), skipped: [], stale: [] }
}

function reasonForAll({ suite, index, watched, failed }: SelectionFacts): string | undefined {
  if (index.edges.size === 0) return 'there is no impact data'
  if (typeof failed === 'string') return failed
  for (const pattern of suite.options['full-test-run-paths'] ?? []) {
    const change = changeOf(pattern, watched, index)
    if (change !== undefined) return `full-test-run-paths: ${change}`
  }
  return undefined
}

function reasonFor(atom: string, { failed }: SelectionFacts, changes: (atom: string) => string | undefined) {
  const hasFailed = typeof failed !== 'string' && failed.has(atom)
  return changes(atom) ?? (hasFailed ? 'failed in the previous run on this branch' : undefined)
}

/** Why the data of an atom is stale, in words; undefined when it is not. */
function changesOf({ index, hashes }: SelectionFacts): (atom: string) => string | undefined {
  const ofFile = index.files.map(({ path, hash }) => {
    const now = hashes.get(path)
    if (now === hash) return undefined
    return now === undefined ? `${path} is missing` : `${path} changed`
  })
  return (atom) => {
    const numbers = index.edges.get(atom)
    // An atom that used no file at all was measured wrongly.
    if (numbers === undefined || numbers.length === 0) return 'is not in the impact data'
    const changed = numbers.find((number) => ofFile[number] !== undefined)
    return changed === undefined ? undefined : ofFile[changed]
  }
}

/** The atoms that a rule selects, with the words for it. */
function rulesOf({ suite, watched, index }: SelectionFacts): Map<string, string> {
  const found = new Map<string, string>()
  for (const { 'test-atom': atom, include } of suite.options['test-selection-rules'] ?? []) {
    const change =
      include === true
        ? 'always included'
        : globsIn(include)
            .map((pattern) => changeOf(pattern, watched, index))
            .find((one) => one !== undefined)
    if (change !== undefined) found.set(atom, `test-selection-rules: ${change}`)
  }
  return found
}
