import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OrbResolver } from '../compile-types.ts'
import { packOrb } from '../pack/orb.ts'
import { folderOrbs } from '../registry/folder.ts'
import { readTree } from '../registry/read-tree.ts'

/** Real configs and orbs, where a checkout has them beside it. */
export const corpus = fileURLToPath(new URL('../../../../../shared/corpus', import.meta.url))
export const hasCorpus = existsSync(join(corpus, 'configs'))

export function corpusConfigs(): { file: string; text: string }[] {
  const folder = join(corpus, 'configs')
  const files = readdirSync(folder).filter((file) => file.endsWith('.yml'))
  return files.map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
}

/** Folders of orb sources: `references` as configs ask for them, and the folder that stands for each. */
export function corpusReferences(): Map<string, string> {
  const table = readFileSync(join(corpus, 'orbs', 'references.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
  const rows = table.map((line) => line.split('\t'))
  return new Map(rows.map(([reference = '', , folder = '']) => [reference, join(corpus, 'orbs', folder)]))
}

/** Every folder of orb sources, by its path inside the corpus. */
export function corpusOrbFolders(): string[] {
  const files = readdirSync(join(corpus, 'orbs'), { recursive: true, encoding: 'utf8' })
  return files.filter((file) => /\/@?orb\.yml$/.test(file)).map((file) => file.slice(0, file.lastIndexOf('/')))
}

/**
 * Resolves orb references to the packed sources of the corpus: the folder named for a reference. With `standIns` also the
 * version itself where the corpus has it, else the newest source of the same orb, which stands in for it.
 */
export function corpusOrbs({ standIns = false } = {}): OrbResolver {
  const named = corpusReferences()
  const exact = folderOrbs(join(corpus, 'orbs'))
  const find: OrbResolver['resolve'] = async (reference) => {
    const [namespace = '', orb = ''] = reference.split(/[/@]/)
    const newest = join(corpus, 'orbs', `${namespace}__${orb}`, 'src')
    const found = standIns && !named.has(reference) ? await exact.resolve(reference) : undefined
    if (found?.ok) return found
    const folder = [named.get(reference), standIns ? newest : undefined].find(
      (one) => one !== undefined && existsSync(one),
    )
    if (!folder) return { ok: false, reason: 'not in the corpus' }
    const { text } = packOrb(readTree(folder))
    if (text === undefined) return { ok: false, reason: 'cannot be packed' }
    return { ok: true, resolved: reference, digest: `corpus:${folder}`, text }
  }
  const answers = new Map<string, ReturnType<OrbResolver['resolve']>>()
  return {
    resolve: (reference) => {
      const answer = answers.get(reference) ?? find(reference)
      answers.set(reference, answer)
      return answer
    },
  }
}
