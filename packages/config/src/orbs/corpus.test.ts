import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { OrbResolver } from '../compile-types.ts'
import { packOrb } from '../pack/orb.ts'
import { readTree } from '../registry/read-tree.ts'
import { compileText } from '../testing/compile.ts'
import { corpus, corpusOrbFolders, corpusOrbs, hasCorpus } from '../testing/corpus.ts'
import { orbExceptions } from '../testing/orb-exceptions.ts'
import { examplesOf, usesOfAll } from '../testing/orb-usage.ts'
import { get, pairs } from '../yaml/nodes.ts'
import { validateOrb, validateOrbTree } from './validate.ts'

/** Orbs that the corpus lacks are empty ones, so that only what uses them cannot be checked. */
function withStandIns(own: string, text: string): OrbResolver {
  const known = corpusOrbs({ standIns: true })
  return {
    resolve: async (reference) => {
      if (reference === own) return { ok: true, resolved: own, digest: 'own', text }
      const found = await known.resolve(reference)
      if (found.ok || reference.startsWith('https:')) return found
      return { ok: true, resolved: reference, digest: 'absent', text: 'version: 2.1' }
    },
  }
}

it.skipIf(!hasCorpus)(
  'real orbs pack, are valid, and each element and example compiles, or is known not to',
  async () => {
    const counts = { orbs: 0, valid: 0, elements: 0, examples: 0 }
    const failures = new Set<string>()
    for (const folder of corpusOrbFolders()) {
      counts.orbs++
      const tree = readTree(join(corpus, 'orbs', folder), folder)
      const { text, root, diagnostics } = packOrb(tree)
      for (const one of diagnostics)
        if (one.severity === 'error') failures.add(`${folder} pack ${one.code} ${one.message}`)
      if (text === undefined || !root) continue
      const own = `${folder.split('/')[0]?.replace('__', '/')}`
      const reference = `${own}@9.9.9`
      const orbs = withStandIns(reference, text)
      const inSources = await validateOrbTree(tree, orbs)
      const inText = await validateOrb({ text, file: 'orb.yml' }, orbs)
      // The packed text says the same as the sources, and packing it again changes nothing.
      expect(codes(inText.diagnostics), folder).toEqual(codes(inSources.diagnostics))
      for (const one of inSources.diagnostics) {
        if (one.severity === 'error') failures.add(`${folder} valid ${one.code} ${one.message}`)
      }
      if (!inSources.ok) continue
      counts.valid++
      await compiles(`${folder} elements`, usesOfAll(root, reference), orbs, failures)
      for (const section of ['commands', 'jobs', 'executors']) counts.elements += pairs(get(root, section)).length
      for (const { name, config } of examplesOf(root, own, reference)) {
        counts.examples++
        await compiles(`${folder} example ${name}`, config, orbs, failures)
      }
    }
    const known = [...failures].map((one) => ({ one, why: orbExceptions.find(([pattern]) => pattern.test(one))?.[1] }))
    const table = known.filter(({ why }) => why !== undefined).map(({ one, why }) => `${one}\n    ${why}`)
    console.info(`${JSON.stringify(counts)}; ${table.length} known exceptions:\n${table.join('\n')}`)
    expect(known.filter(({ why }) => why === undefined).map(({ one }) => one)).toEqual([])
    const dead = orbExceptions.filter(([pattern]) => ![...failures].some((one) => pattern.test(one)))
    expect(dead.map(([pattern]) => pattern.source)).toEqual([])
  },
  120_000,
)

async function compiles(what: string, config: string, orbs: OrbResolver, failures: Set<string>): Promise<void> {
  const { diagnostics } = await compileText(config, { orbs })
  for (const one of diagnostics) {
    if (one.severity === 'error') failures.add(`${what} ${one.code} ${one.message}`)
  }
}

function codes(diagnostics: { code: string }[]): string[] {
  return diagnostics
    .map((one) => one.code)
    .filter((code) => code !== 'W942')
    .sort()
}

it.runIf(!hasCorpus)('real orbs: skipped, no corpus lies beside this checkout', () => {})
