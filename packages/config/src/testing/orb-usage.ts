import { fromNode, type Json, type JsonMap } from '../emit/json.ts'
import { emitYaml } from '../emit/yaml.ts'
import type { Declaration } from '../parameters/declaration.ts'
import { declarationsOf } from '../parameters/declare.ts'
import { get, getPresent, isString, pairs, type YMap, type YNode } from '../yaml/nodes.ts'

const place: [string, Json][] = [['docker', [new Map([['image', 'cimg/base:current']])]]]

/**
 * A config that uses every command, job and executor of an orb (as `o`), each alone, with the required parameters filled by
 * their types.
 */
export function usesOfAll(orb: YMap, reference: string): string {
  const jobs: JsonMap = new Map()
  const entries: Json[] = []
  for (const [name, { value }] of pairs(getPresent(orb, 'commands'))) {
    const job: JsonMap = new Map([...place, ['steps', [new Map([[`o/${name}`, filled(value)]])]]])
    jobs.set(`command-${name}`, job)
    entries.push(`command-${name}`)
  }
  for (const [name, { value }] of pairs(getPresent(orb, 'jobs'))) {
    entries.push(new Map([[`o/${name}`, new Map([...filled(value), ['name', `job-${name}`]])]]))
  }
  for (const [name, { value }] of pairs(getPresent(orb, 'executors'))) {
    const executor: JsonMap = new Map([['name', `o/${name}`], ...filled(value)])
    jobs.set(
      `executor-${name}`,
      new Map<string, Json>([
        ['executor', executor],
        ['steps', ['checkout']],
      ]),
    )
    entries.push(`executor-${name}`)
  }
  return emitYaml(
    new Map<string, Json>([
      ['version', '2.1'],
      ['orbs', new Map([['o', reference]])],
      ['executors', new Map([['given', new Map(place)]])],
      ['jobs', jobs],
      ['workflows', new Map([['w', new Map([['jobs', entries]])]])],
    ]),
  )
}

function filled(element: YNode): JsonMap {
  const required = [...declarationsOf(element).values()].filter((one) => one.default === undefined)
  return new Map(required.map((one) => [one.name, valueFor(one)]))
}

function valueFor({ type, members }: Declaration): Json {
  if (type === 'boolean') return true
  if (type === 'integer') return 1
  if (type === 'enum') return members[0]?.value ?? ''
  if (type === 'executor') return 'given'
  if (type === 'steps') return [new Map([['run', 'echo given']])]
  return 'GIVEN'
}

/** The configs of an orb's `examples`, with `@x.y` and the like in references made a version. */
export function examplesOf(orb: YMap, own: string, reference: string): { name: string; config: string }[] {
  return pairs(getPresent(orb, 'examples')).map(([name, { value }]) => {
    const usage = fromNode(get(value, 'usage') ?? value) as JsonMap
    const orbs = get(get(value, 'usage'), 'orbs')
    if (orbs) usage.set('orbs', new Map(pairs(orbs).map(([alias, pair]) => [alias, versioned(pair.value)])))
    return { name, config: emitYaml(usage) }
  })

  function versioned(node: YNode): Json {
    if (!isString(node)) return fromNode(node)
    if (node.value.startsWith(`${own}@`)) return reference
    return node.value.replace(/@(?!\d+(\.\d+){0,2}$|volatile$).*$/, '@volatile')
  }
}
