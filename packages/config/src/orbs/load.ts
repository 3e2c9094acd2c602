import type { CompileResult, OrbRefusal, OrbResolver } from '../compile-types.ts'
import { makeUnit } from '../elements/tables.ts'
import { cut } from '../report/suggest.ts'
import { makeEnv, type Unit, type World } from '../scope/types.ts'
import { checkElements } from '../shape/config.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import { getPresent, isBroken, isNull, isString, pairs, typeName, type YMap, type YNode } from '../yaml/nodes.ts'
import { type OrbReference, referenceKind } from './reference.ts'
import { checkedOnce, keepScope, keptScope, orbTree } from './trees.ts'

const maxUrlOrbs = 50
const maxUrlDepth = 5
const maxDepth = 20
export const orbAlias = /^[a-z][a-z\d_-]*$/
const knownKeys = ['version', 'name', 'description', 'display', 'orbs', 'commands', 'jobs', 'executors', 'examples']
export const forbiddenKeys = ['parameters', 'workflows', 'setup', 'job-groups']

interface Depth {
  all: number
  url: number
}

/** Loads the orbs of one config, each reference once (spec: config-language.md 19; phase P5). */
export class OrbLoader {
  readonly lock: CompileResult['orbLock'] = []
  readonly #world: World
  readonly #resolver: OrbResolver
  readonly #known = new Map<string, Unit | undefined>()
  /** The options of this compile, as the key of what is kept from one compile to the next. */
  readonly #options: string
  #urls = 0

  constructor(world: World, resolver: OrbResolver) {
    this.#world = world
    this.#resolver = resolver
    this.#options = JSON.stringify(world.options)
  }

  async load(unit: Unit, depth: Depth = { all: 0, url: 0 }): Promise<void> {
    const block = getPresent(unit.root, 'orbs')
    if (!block) return
    if (block.kind !== 'map') {
      this.#world.report.add('C202', block, `expected type: map, found: ${typeName(block)}`)
      return
    }
    for (const [alias, { key, value }] of block.entries) {
      if (!orbAlias.test(alias)) {
        this.#world.report.add('C120', key, `Invalid orb alias ${cut(alias)}: must match ${orbAlias.source}`)
      }
      if (isNull(value)) continue
      const orb = await this.#one(alias, value, unit, depth)
      if (orb) unit.orbs.set(alias, orb)
      else unit.missingOrbs.add(alias)
    }
  }

  async #one(alias: string, written: YNode, unit: Unit, depth: Depth): Promise<Unit | undefined> {
    const { report } = this.#world
    if (depth.all >= maxDepth) {
      report.add('C426', written, `Orbs nested deeper than ${maxDepth}`)
      return undefined
    }
    if (written.kind === 'map') return this.#body(written, `${unit.isConfig ? '' : `${unit.name}/`}${alias}`, depth)
    const env = makeEnv(this.#world, unit)
    // An orb's own references are fixed at publication: nothing is substituted in them.
    const value = unit.isConfig ? evaluateNode(written, env) : written
    if (isBroken(value)) return undefined
    if (isString(value)) return this.#reference(alias, value.value, written, depth)
    report.add('C202', value, `expected type: string or map, found: ${typeName(value)}`)
    return undefined
  }

  async #reference(alias: string, reference: string, at: YNode, depth: Depth): Promise<Unit | undefined> {
    const { report } = this.#world
    const kind = referenceKind(reference)
    if (!kind) {
      const hint = 'write namespace/orb@1.2.3, or an https:// address'
      report.add('C420', at, `Invalid orb reference ${cut(reference)}`, { hint })
      return undefined
    }
    if (kind === 'url' && !this.#withinUrlLimits(at, depth)) return undefined
    if (this.#known.has(reference)) return this.#known.get(reference)
    // Known before it is loaded, so that an orb that imports itself ends.
    this.#known.set(reference, undefined)
    const answer = await this.#resolver.resolve(reference)
    if (!answer.ok) {
      this.#refused(reference, kind, answer, at)
      return undefined
    }
    if (answer.unlocked) {
      const hint = 'write it with `orrery orb lock`'
      report.add('W940', at, `Orb ${cut(reference)} is not in the lock file`, { hint })
    }
    this.lock.push({ alias, requested: reference, resolved: answer.resolved, digest: answer.digest })
    const file = kind === 'url' ? reference : `orb:${answer.resolved}`
    report.imported(file, at)
    const root = orbTree(file, answer.text, report)
    const next = { all: depth.all, url: kind === 'url' ? depth.url + 1 : depth.url }
    const unit = root && (keptScope(root, this.#options) ?? (await this.#scope(root, file, next)))
    this.#known.set(reference, unit)
    return unit
  }

  async #scope(root: YMap, file: string, depth: Depth): Promise<Unit> {
    const { report } = this.#world
    const before = report.calls
    this.#checkVersion(root)
    const unit = await this.#body(root, file, depth)
    // What another orb gives may change with the lock, or with what a registry has.
    if (report.calls === before && !getPresent(root, 'orbs')) keepScope(root, this.#options, unit)
    return unit
  }

  #refused(reference: string, kind: OrbReference, { code, reason }: OrbRefusal, at: YNode): void {
    const { report } = this.#world
    const hint = cut(reason)
    if (code === 'C422') report.add(code, at, `Orb ${cut(reference)} not loaded: blocked by policy`, { hint })
    else if (code === 'C423') report.add(code, at, `URL ${cut(reference)} is not in the allow-list`, { hint })
    else if (code === 'C436') {
      report.add(code, at, `Orb ${cut(reference)} is not the one that is locked: ${reason}`, {
        hint: 'if the change is wanted, write the lock anew with `orrery orb lock`',
      })
    } else if (kind === 'url') report.add('C424', at, `Could not fetch ${cut(reference)}: ${hint}`)
    else {
      const message = `Cannot find ${cut(reference)} in the orb registry. Check that the namespace, orb name and version are correct.`
      report.add('C421', at, message, { hint })
    }
  }

  #withinUrlLimits(at: YNode, depth: Depth): boolean {
    this.#urls++
    if (this.#urls > maxUrlOrbs) {
      this.#world.report.add('C425', at, `More than ${maxUrlOrbs} URL orbs`)
      return false
    }
    if (depth.url < maxUrlDepth) return true
    this.#world.report.add('C426', at, `URL orbs nested deeper than ${maxUrlDepth}`)
    return false
  }

  /** Orbs exist in version 2.1 only; an inline one is part of a config that says so (19.4). */
  #checkVersion(root: YMap): void {
    const version = getPresent(root, 'version')
    if (version?.kind === 'scalar' && version.text === '2.1') return
    this.#world.report.add('C110', version ?? root, 'An orb must have `version: 2.1`')
  }

  /** An orb's body as a scope of names, with the orbs it imports; its faults are reported. */
  async body(root: YMap, name: string): Promise<Unit> {
    return this.#body(root, name, { all: 0, url: 0 })
  }

  async #body(root: YMap, name: string, depth: Depth): Promise<Unit> {
    const { report } = this.#world
    for (const [key, pair] of pairs(root)) {
      const empty = isNull(pair.value) || (pair.value.kind === 'map' && pair.value.entries.size === 0)
      if (knownKeys.includes(key) || (forbiddenKeys.includes(key) && empty)) continue
      if (forbiddenKeys.includes(key)) report.add('C427', pair.key, `Key ${key} is not allowed in an orb`)
      else report.add('W921', pair.key, `Unknown key ${cut(key)} ignored`)
    }
    checkedOnce(root, this.#options, report, () => checkElements(root, { world: this.#world, wildcards: true }))
    const unit = makeUnit(root, name, false, this.#world)
    await this.load(unit, { all: depth.all + 1, url: depth.url })
    return unit
  }
}
