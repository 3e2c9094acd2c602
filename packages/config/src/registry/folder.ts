import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { OrbResolver } from '../compile-types.ts'
import { packOrb } from '../pack/orb.ts'
import { digestOf } from './digest.ts'
import { readInside, readTree } from './read-tree.ts'
import { pickVersion, sortedVersions } from './versions.ts'

/**
 * Orbs from a folder, offline. Each version is a folder of sources or one packed file:
 *
 * - `NAMESPACE__ORB/versions/VERSION/src/` (or the sources straight in `VERSION/`);
 * - `NAMESPACE__ORB/src/`: the working copy, which stands for `volatile` when no version lies beside it, and for any
 *   `dev:` label that has no folder of its own;
 * - `NAMESPACE/ORB@VERSION.yml`, or a folder of sources `NAMESPACE/ORB@VERSION/`.
 *
 * `VERSION` is `1.2.3` or `dev:label`. The folder is read anew for every reference.
 */
export function folderOrbs(directory: string): OrbResolver {
  return { resolve: async (reference) => resolveIn(directory, reference) }
}

type Answer = Awaited<ReturnType<OrbResolver['resolve']>>

function resolveIn(directory: string, reference: string): Answer {
  const found = /^([\w-]+)\/([\w-]+)@(.+)$/.exec(reference)
  if (!found) return { ok: false, reason: `${reference} is no reference to a registry orb` }
  const [, namespace = '', orb = '', version = ''] = found
  const places = placesOf(directory, namespace, orb)
  const chosen = pickVersion(version, places.keys()) ?? workingCopy(version, places)
  const place = chosen === undefined ? undefined : places.get(chosen)
  if (place === undefined) return { ok: false, reason: missing(directory, namespace, orb, places) }
  const resolved = `${namespace}/${orb}@${chosen === '' ? version : chosen}`
  const text = textOf(place)
  return 'reason' in text
    ? { ok: false, ...text }
    : { ok: true, resolved, digest: digestOf(text.text), text: text.text }
}

/** The working copy has the empty version. */
function workingCopy(version: string, places: ReadonlyMap<string, string>): string | undefined {
  if (!places.has('')) return undefined
  const alone = version === 'volatile' && sortedVersions(places.keys()).length === 0
  return alone || version.startsWith('dev:') ? '' : undefined
}

function placesOf(directory: string, namespace: string, orb: string): Map<string, string> {
  const places = new Map<string, string>()
  const own = join(directory, `${namespace}__${orb}`)
  if (isFolder(join(own, 'src'))) places.set('', join(own, 'src'))
  for (const version of names(join(own, 'versions'))) {
    const folder = join(own, 'versions', version)
    places.set(version, isFolder(join(folder, 'src')) ? join(folder, 'src') : folder)
  }
  for (const name of names(join(directory, namespace))) {
    if (!name.startsWith(`${orb}@`)) continue
    places.set(name.slice(orb.length + 1).replace(/\.ya?ml$/, ''), join(directory, namespace, name))
  }
  return places
}

function textOf(place: string): { text: string } | { reason: string } {
  try {
    if (!isFolder(place)) {
      const file = readInside(realpathSync(dirname(place)), basename(place)) ?? { refused: 'it is gone' }
      return 'text' in file ? file : { reason: `${place}: ${file.refused}` }
    }
    const { text, diagnostics } = packOrb(readTree(place))
    const error = diagnostics.find((one) => one.severity === 'error')
    if (text !== undefined) return { text }
    return { reason: `${error?.file}:${error?.range.start.line}: ${error?.message}` }
  } catch (error) {
    return { reason: `${place} cannot be read (${(error as NodeJS.ErrnoException).code})` }
  }
}

function missing(directory: string, namespace: string, orb: string, places: ReadonlyMap<string, string>): string {
  if (places.size === 0) return `${directory} holds no orb ${namespace}/${orb}`
  const versions = sortedVersions(places.keys())
  const rest = places.has('') ? ' and a working copy (src), which only dev: versions mean' : ''
  return `${directory} holds ${versions.length === 0 ? 'no version' : versions.slice(-5).join(', ')}${rest}`
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no such folder: no versions there
  }
}
