import type { CoverageFormat } from '@orrery/protocol'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { decodeXml, trimText } from '../reports/index.ts'
import type { Tally } from './tally.ts'

type Attributes = Record<string, string>
/** Elements around the one that begins, outermost first. */
type Around = readonly { name: string; attributes: Attributes }[]
type Rule = (name: string, attributes: Attributes, around: Around, tally: Tally) => void

const maxDepth = 100

const rules: Record<Exclude<CoverageFormat, 'lcov'>, Rule> = { cobertura, clover, jacoco }

/**
 * Cobertura, Clover and JaCoCo, told apart by their root. Entities are never loaded; a file that declares some is refused.
 * @throws Error with the reason when the XML is broken. @returns undefined when it is a report of another kind.
 */
export async function readXmlCoverage(
  bytes: AsyncIterable<Uint8Array>,
  tally: Tally,
): Promise<CoverageFormat | undefined> {
  let format: CoverageFormat | 'foreign' | undefined
  let rule: Rule | undefined
  const around: { name: string; attributes: Attributes }[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('doctype', (doctype) => {
    if (doctype.includes('<!ENTITY')) throw new Error('it declares entities, which are never loaded')
  })
  parser.on('opentag', ({ name, attributes }: SaxesTagPlain) => {
    if (around.length >= maxDepth) throw new Error(`its elements are nested more than ${maxDepth} deep`)
    if (around.length < 2 && rule === undefined) {
      format = formatOf(name, attributes, around[0])
      if (format !== undefined && format !== 'foreign' && format !== 'lcov') rule = rules[format]
    }
    rule?.(name, attributes, around, tally)
    around.push({ name, attributes })
  })
  parser.on('closetag', () => around.pop())
  for await (const text of decodeXml(bytes)) {
    parser.write(text)
    trimText(parser)
    if (format === 'foreign') return undefined
  }
  parser.close()
  return format === 'foreign' ? undefined : format
}

/** Undefined: the next element tells. Cobertura and Clover both begin with `<coverage>`. */
function formatOf(
  name: string,
  attributes: Attributes,
  root: { name: string } | undefined,
): CoverageFormat | 'foreign' | undefined {
  if (root === undefined) {
    if (name === 'report') return 'jacoco'
    if (name !== 'coverage') return 'foreign'
    if ('clover' in attributes) return 'clover'
    return 'line-rate' in attributes ? 'cobertura' : undefined
  }
  if (name === 'project') return 'clover'
  return name === 'sources' || name === 'packages' ? 'cobertura' : 'foreign'
}

/** The lines of a class. Those of its methods repeat them in most dialects; in some they are the only ones. */
function cobertura(name: string, attributes: Attributes, around: Around, tally: Tally): void {
  const owner = around.findLast((element) => element.name === 'class')
  if (name === 'class') tally.open(attributes['filename'] ?? '')
  if (name !== 'line' || owner === undefined) return
  const file = owner.attributes['filename'] ?? ''
  const number = attributes['number'] ?? ''
  tally.line(file, number, positive(attributes['hits']))
  const conditions = /\((\d{1,9})\/(\d{1,9})\)/.exec(attributes['condition-coverage'] ?? '')
  if (conditions) tally.branches(file, number, Number(conditions[1]), Number(conditions[2]))
}

function clover(name: string, attributes: Attributes, around: Around, tally: Tally): void {
  const owner = around.findLast((element) => element.name === 'file')
  if (name === 'file') tally.open(pathOf(attributes))
  if (name !== 'line' || owner === undefined) return
  const file = pathOf(owner.attributes)
  const number = attributes['num'] ?? ''
  if (attributes['type'] === 'cond') {
    const taken = Number(positive(attributes['truecount'])) + Number(positive(attributes['falsecount']))
    tally.line(file, number, taken > 0 || positive(attributes['count']))
    tally.branches(file, number, taken, 2)
  } else tally.line(file, number, positive(attributes['count']))
}

/** Lines with missed (`mi`) and covered (`ci`) instructions, missed (`mb`) and covered (`cb`) branches. */
function jacoco(name: string, attributes: Attributes, around: Around, tally: Tally): void {
  const owner = around.at(-1)
  if (name === 'sourcefile') tally.open(sourceOf(attributes, owner))
  if (name !== 'line' || owner?.name !== 'sourcefile') return
  const file = sourceOf(owner.attributes, around.at(-2))
  const number = attributes['nr'] ?? ''
  tally.line(file, number, positive(attributes['ci']))
  const [missed, covered] = [count(attributes['mb']), count(attributes['cb'])]
  if (missed + covered > 0) tally.branches(file, number, covered, missed + covered)
}

function pathOf({ path, name }: Attributes): string {
  return path || name || ''
}

function sourceOf({ name = '' }: Attributes, parent: { attributes: Attributes } | undefined): string {
  const folder = parent?.attributes['name'] ?? ''
  return folder === '' ? name : `${folder}/${name}`
}

function positive(text: string | undefined): boolean {
  return Number(text) > 0
}

function count(text: string | undefined): number {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : 0
}
