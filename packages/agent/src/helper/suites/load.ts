import { readFile } from 'node:fs/promises'
import { OrreryError } from '@orrery/protocol/errors'
import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import { TestSuite } from './schema.ts'

export const suitesFile = '.circleci/test-suites.yml'
/** A file of commands is small; what is larger is something else. */
const mostBytes = 256 * 1024

/** The suite of that name from the file in the current directory. Throws ORY_TEST_SUITES with line and key. */
export async function loadSuite(name: string): Promise<TestSuite> {
  const suites = parseSuites(await readSuites())
  const found = suites.filter((suite) => suite.name === name)
  if (found.length > 1) fail(`there are ${found.length} suites of the name ${JSON.stringify(name)}`)
  if (found[0] !== undefined) return found[0]
  const known = suites.map((suite) => JSON.stringify(suite.name)).join(', ')
  return fail(`there is no suite ${JSON.stringify(name)}; there are ${known || 'none'}`)
}

async function readSuites(): Promise<string> {
  let text: string
  try {
    text = await readFile(suitesFile, 'utf8')
  } catch (error) {
    return fail(`it cannot be read (${error instanceof Error ? error.message : String(error)})`)
  }
  return text.length > mostBytes ? fail(`it is larger than ${mostBytes} bytes`) : text
}

/** Every document is checked, also of suites that nobody asked for now: a mistake is told when it is made. */
export function parseSuites(text: string): TestSuite[] {
  const lineCounter = new LineCounter()
  const documents = parseDocuments(text, lineCounter)
  const suites = documents.flatMap((document) => {
    const [problem] = document.errors
    if (problem) fail(`line ${lineCounter.linePos(problem.pos[0]).line}: ${problem.message.split('\n', 1)[0]}`)
    const value: unknown = plainValue(document)
    return value === null ? [] : [checkSuite(value, document, lineCounter)]
  })
  checkImpactKeys(suites)
  return suites
}

function parseDocuments(text: string, lineCounter: LineCounter): Document[] {
  try {
    const documents = parseAllDocuments(text, { lineCounter, version: '1.2' })
    return Array.isArray(documents) ? documents : []
  } catch (error) {
    // Nested deeper than the parser's stack.
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function plainValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function checkSuite(value: unknown, document: Document, lineCounter: LineCounter): TestSuite {
  const parsed = TestSuite.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.path.map(String) ?? []
  const line = lineOf(document, path, lineCounter)
  if (issue?.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => [...path, key].join('.')).join(', ')
    return fail(`line ${line}: unknown key ${keys}`)
  }
  const key = path.join('.') || 'the document'
  const missing = issue?.code === 'invalid_type' && issue.input === undefined && !has(value, path)
  return fail(`line ${line}: ${key} ${missing ? 'is missing' : (issue?.message ?? 'is wrong')}`)
}

function has(value: unknown, path: readonly string[]): boolean {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false
    at = (at as Record<string, unknown>)[key]
  }
  return true
}

/** Of the node at the path, or of the nearest one around it. */
function lineOf(document: Document, path: readonly string[], lineCounter: LineCounter): number {
  for (let length = path.length; length >= 0; length--) {
    const keys = path.slice(0, length).map((key) => (/^\d+$/.test(key) ? Number(key) : key))
    const node = length === 0 ? document.contents : document.getIn(keys, true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      return lineCounter.linePos(Number(node.range[0])).line
    }
  }
  return 1
}

/** Two suites with one store would overwrite each other's data. */
function checkImpactKeys(suites: readonly TestSuite[]): void {
  const seen = new Map<string, string>()
  for (const { name, options } of suites) {
    if (!options['test-impact-analysis']) continue
    const key = options['impact-key'] ?? 'default'
    const other = seen.get(key)
    if (other !== undefined)
      fail(`the suites ${JSON.stringify(other)} and ${JSON.stringify(name)} share the impact-key ${key}`)
    seen.set(key, name)
  }
}

function fail(reason: string): never {
  throw new OrreryError('ORY_TEST_SUITES', [suitesFile, reason])
}
