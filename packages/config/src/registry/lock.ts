import type { CompileResult, OrbResolver } from '../compile-types.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { emitYaml } from '../emit/yaml.ts'
import { referenceKind } from '../orbs/reference.ts'
import { Collector } from '../report/collector.ts'
import { cut } from '../report/suggest.ts'
import { get, getPresent, isString, pairs, type YNode } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'

/** What each reference of a config is pinned to. */
export type OrbLock = ReadonlyMap<string, { resolved: string; digest: string }>

/** Where a project keeps its lock, beside its config. */
export const lockFile = '.circleci/orbs.lock'

const head = `# What every orb of the config resolves to. Written by \`orrery orb lock\`; review changes of it like code.\n`

/** The lock file of a compile: one entry for each reference, nested ones too, in the order of their names. */
export function formatLock(entries: CompileResult['orbLock']): string {
  const sorted = entries.toSorted((a, b) => (a.requested < b.requested ? -1 : a.requested > b.requested ? 1 : 0))
  const orbs = new Map(
    sorted.map(({ requested, resolved, digest }) => [
      requested,
      new Map([
        ['resolved', resolved],
        ['digest', digest],
      ]),
    ]),
  )
  return `${head}${emitYaml(
    new Map<string, number | typeof orbs>([
      ['version', 1],
      ['orbs', orbs],
    ]),
  )}`
}

/** Reads a lock file, YAML or JSON; undefined with diagnostics (C437 and those of YAML) when it is not one. */
export function parseLock(source: { text: string; file: string }): { lock?: OrbLock; diagnostics: Diagnostic[] } {
  const report = new Collector()
  const root = parseYaml(new SourceText(source.file, source.text), report)
  const lock = new Map<string, { resolved: string; digest: string }>()
  if (root) {
    const version = get(root, 'version')
    if (version?.kind !== 'scalar' || version.value !== 1) {
      report.add('C437', version ?? root, 'Invalid lock file: `version` must be 1')
    }
    const orbs = getPresent(root, 'orbs')
    if (orbs && orbs.kind !== 'map') report.add('C437', orbs, 'Invalid lock file: `orbs` must be a map')
    for (const [reference, { key, value }] of pairs(orbs)) readEntry(reference, key, value, lock, report)
  }
  return report.hasErrors ? { diagnostics: report.sorted() } : { lock, diagnostics: report.sorted() }
}

function readEntry(
  reference: string,
  key: YNode,
  value: YNode,
  lock: Map<string, { resolved: string; digest: string }>,
  report: Collector,
): void {
  const resolved = get(value, 'resolved')
  const digest = get(value, 'digest')
  const sound = isString(digest) && /^sha256:[0-9a-f]{64}$/.test(digest.value)
  if (isString(resolved) && referenceKind(reference) === referenceKind(resolved.value) && isString(digest) && sound) {
    if (referenceKind(reference)) {
      lock.set(reference, { resolved: resolved.value, digest: digest.value })
      return
    }
  }
  const message = `Invalid lock file: ${cut(reference)} needs \`resolved\` (an orb version) and \`digest\` (sha256:…)`
  report.add('C437', key, message)
}

/**
 * A resolver that keeps to a lock: a reference means what it is pinned to, and its text must have the pinned digest.
 * A reference that the lock lacks is resolved as without one, and marked, so that the compiler warns (W940).
 */
export function lockedOrbs(lock: OrbLock, orbs: OrbResolver): OrbResolver {
  return {
    resolve: async (reference) => {
      const pinned = lock.get(reference)
      const answer = await orbs.resolve(pinned?.resolved ?? reference)
      if (!answer.ok) return answer
      if (!pinned) return { ...answer, unlocked: true }
      if (answer.digest === pinned.digest) return { ...answer, resolved: pinned.resolved }
      const reason = `the lock pins ${pinned.resolved} to ${pinned.digest}, but its text has ${answer.digest}`
      return { ok: false, code: 'C436', reason }
    },
  }
}
