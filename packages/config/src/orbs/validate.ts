import { defaultCompileOptions } from '../compile.ts'
import type { CompileResult, OrbResolver } from '../compile-types.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { checkUnits } from '../elements/check.ts'
import { packOrb } from '../pack/orb.ts'
import type { SourceTree } from '../pack/source-tree.ts'
import { Abandon, Collector } from '../report/collector.ts'
import { makeEnv, makeWorld, type World } from '../scope/types.ts'
import { detectVersion } from '../shape/version.ts'
import { get, getPresent, isNull, pairs, typeName, type YMap } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'
import { OrbLoader } from './load.ts'
import { checkReferences } from './references.ts'
import { checkTemplates } from './templates.ts'

export interface OrbResult {
  ok: boolean
  /** Sorted by (file, line, column, code). */
  diagnostics: Diagnostic[]
  /** The orbs that it imports, resolved. */
  orbLock: CompileResult['orbLock']
  /** The orb's text, packed; absent when it could not be packed. */
  text?: string
}

/**
 * Checks an orb by itself, as publishing would (spec: config-language.md 19.4): form, names, parameters declared and used,
 * and every reference, also in parts that nothing calls. Faults come back as diagnostics.
 */
export async function validateOrb(source: { text: string; file: string }, orbs: OrbResolver): Promise<OrbResult> {
  const report = new Collector()
  const root = parseYaml(new SourceText(source.file, source.text), report)
  if (!root) return { ok: false, diagnostics: report.sorted(), orbLock: [] }
  return { ...(await validateRoot(root, source.file, orbs)), text: source.text }
}

/** Packs a folder of sources and checks the orb; the diagnostics name places in the sources. */
export async function validateOrbTree(tree: SourceTree, orbs: OrbResolver): Promise<OrbResult> {
  const packed = packOrb(tree)
  if (!packed.root || packed.text === undefined) return { ok: false, diagnostics: packed.diagnostics, orbLock: [] }
  const result = await validateRoot(packed.root, tree.name, orbs)
  return { ...result, diagnostics: [...packed.diagnostics, ...result.diagnostics], text: packed.text }
}

async function validateRoot(root: YMap, name: string, orbs: OrbResolver): Promise<OrbResult> {
  const report = new Collector()
  const world = makeWorld(report, defaultCompileOptions, true, {})
  const loader = new OrbLoader(world, orbs)
  try {
    // An orb is always version 2.1: the older language has no orbs.
    if (detectVersion(root, world.options, report) === false) {
      report.add('C110', getPresent(root, 'version') ?? root, 'An orb needs `version: 2.1`')
    }
    const unit = await loader.body(root, name)
    checkExamples(root, world)
    checkUnits(unit, makeEnv(world, unit))
    checkReferences(unit, world)
    checkTemplates(unit, world)
  } catch (error) {
    if (!(error instanceof Abandon)) throw error
  }
  // Values of a pipeline are not there yet; that is no fault of the orb.
  const diagnostics = report.sorted().filter((one) => one.code !== 'W902')
  return { ok: !report.hasErrors, diagnostics, orbLock: loader.lock }
}

/** Examples are for people and never run, but what shows them needs a `usage` in each (19.4). */
function checkExamples(root: YMap, { report }: World): void {
  for (const [, { key, value }] of pairs(getPresent(root, 'examples'))) {
    if (value.kind !== 'map') report.add('C202', value, `expected type: map, found: ${typeName(value)}`)
    else if (isNull(get(value, 'usage') ?? value) || !get(value, 'usage')) {
      report.add('C203', key, 'required key [usage] not found')
    }
  }
}
