import { lstatSync } from 'node:fs'
import type { ArchiveSource, Skipped } from './tar-writer.ts'

/**
 * Drops sources that lie inside another one, which stores them anyway. A source that is only reached through a link
 * stored by another is skipped with a reason: an archive must not write through its own links.
 */
export function independentSources(sources: readonly ArchiveSource[]): {
  sources: ArchiveSource[]
  skipped: Skipped[]
} {
  const byName = new Map(sources.map((source) => [source.name, source]))
  const kept: ArchiveSource[] = []
  const skipped: Skipped[] = []
  for (const source of byName.values()) {
    const outer = outerSource(source, byName)
    if (outer === undefined) kept.push(source)
    else if (linkBetween(outer, source)) {
      skipped.push({
        path: source.path,
        reason: `it lies behind a symbolic link in ${outer.path}, which is stored as a link`,
      })
    }
  }
  return { sources: kept, skipped }
}

/** The outermost other source that contains this one. */
function outerSource(source: ArchiveSource, byName: Map<string, ArchiveSource>): ArchiveSource | undefined {
  if (source.name === '') return undefined
  for (const name of ['', ...ancestors(source.name)]) {
    const outer = byName.get(name)
    if (outer !== undefined) return outer
  }
  return undefined
}

function linkBetween(outer: ArchiveSource, source: ArchiveSource): boolean {
  const inside = ancestors(source.name).filter((name) => name.length >= outer.name.length)
  const base = source.path.slice(0, source.path.length - source.name.length)
  return inside.some((name) => lstatSync(base + name, { throwIfNoEntry: false })?.isSymbolicLink() === true)
}

/** `a/b/c` → `a`, `a/b`. */
function ancestors(name: string): string[] {
  const parts = name.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}
