import { OrreryError } from '@orrery/protocol/errors'
import { glob } from '../../glob/glob.ts'
import { suitesFile } from '../load.ts'
import type { TestSuite } from '../schema.ts'
import type { Checkout, TouchedFile } from './checkout.ts'
import type { ImpactIndex } from './impact-index.ts'

/** Files that one glob may stand for: it is meant for lock files and settings, not for a whole `node_modules`. */
const mostFiles = 20_000

/** What the globs of a suite stand for in this checkout. */
export type Watched = ReadonlyMap<string, readonly TouchedFile[]>

/** Those of `full-test-run-paths` and of `test-selection-rules`, each once. */
export function globsOf({ options }: TestSuite): string[] {
  const rules = options['test-selection-rules'] ?? []
  return [...new Set([...(options['full-test-run-paths'] ?? []), ...rules.flatMap(({ include }) => globsIn(include))])]
}

export function globsIn(include: true | string | readonly string[]): readonly string[] {
  if (include === true) return []
  return typeof include === 'string' ? [include] : include
}

/** Globs count from the current directory, as those of `tests glob` do. Throws ORY_TEST_SUITES for one that is too wide. */
export async function watch(globs: readonly string[], checkout: Checkout): Promise<Watched> {
  const watched = new Map<string, TouchedFile[]>()
  for (const pattern of globs) {
    const names = await globOrRefuse(pattern)
    const paths = (await Promise.all(names.map((name) => checkout.pathOf(name)))).filter((path) => path !== undefined)
    const files: TouchedFile[] = []
    for (const [path, hash] of checkout.hashAll(paths)) if (hash !== undefined) files.push({ path, hash })
    watched.set(pattern, files)
  }
  return watched
}

async function globOrRefuse(pattern: string): Promise<string[]> {
  try {
    const names = await glob(pattern)
    if (names.length <= mostFiles) return names
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new OrreryError('ORY_TEST_SUITES', [suitesFile, `the glob ${pattern}: ${reason}`], { cause: error })
  }
  throw new OrreryError('ORY_TEST_SUITES', [suitesFile, `the glob ${pattern} matches more than ${mostFiles} files`])
}

/** What of a glob's files is not as it was when the data was made, in words; undefined when all of it is. */
export function changeOf(pattern: string, watched: Watched, index: ImpactIndex): string | undefined {
  const numbers = index.globs.get(pattern)
  if (numbers === undefined) return `nothing is known yet about ${pattern}`
  const before = new Map(index.filesOf(numbers).map(({ path, hash }) => [path, hash]))
  const now = watched.get(pattern) ?? []
  for (const { path, hash } of now) {
    const old = before.get(path)
    if (old !== hash) return old === undefined ? `${path} is new` : `${path} changed`
    before.delete(path)
  }
  const [gone] = before.keys()
  return gone === undefined ? undefined : `${gone} is missing`
}
