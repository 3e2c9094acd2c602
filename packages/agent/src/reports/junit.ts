/**
 * JUnit XML → test results, streaming (spec: execution.md 14.2). The format has no owner; this reader takes what the
 * tools of the world write and leaves out what only some of them mean.
 */
import type { TestResult } from '@orrery/protocol'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { decodeXml } from './decode-xml.ts'
import { clip, maxMessageLength, parseSeconds, repoPath } from './fields.ts'
import { trimText } from './trim-text.ts'

export type ReportOutcome = { ok: true; tests: number } | { ok: false; error: string; tests: number }

/** Deeper than any report nests its suites; each level costs memory until its end. */
const maxDepth = 200

/** Faults that no reader needs to give up on; the text in question is kept as it stands. */
const harmless = ['malformed character entity.', 'the string "]]>" is disallowed in char data.']

type Suite = { name: string; file: string | undefined }
type Outcome = 'failure' | 'error' | 'skipped'
type OpenCase = { result: TestResult; messages: string[] }

const outcomes: ReadonlySet<string> = new Set<Outcome>(['failure', 'error', 'skipped'])

/**
 * Calls `onTest` for every test case. A broken file is a value: the cases before the fault were handed over, the error
 * says where it is. Entities beyond the five of XML are never loaded or expanded; a file that declares some is refused.
 */
export async function parseJUnit(
  chunks: AsyncIterable<Uint8Array>,
  onTest: (test: TestResult) => void,
): Promise<ReportOutcome> {
  const reader = new JUnitReader(onTest)
  try {
    for await (const text of decodeXml(chunks)) reader.write(text)
    reader.close()
    return { ok: true, tests: reader.tests }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error), tests: reader.tests }
  }
}

class JUnitReader {
  tests = 0
  private readonly onTest: (test: TestResult) => void
  private readonly parser = new SaxesParser()
  private readonly suites: Suite[] = []
  private depth = 0
  private open: { test: OpenCase; depth: number } | undefined
  private outcome: { depth: number; text: string } | undefined

  constructor(onTest: (test: TestResult) => void) {
    this.onTest = onTest
    this.parser.on('error', (error) => {
      if (!harmless.some((message) => error.message.endsWith(message))) throw error
    })
    this.parser.on('doctype', (doctype) => {
      if (doctype.includes('<!ENTITY')) throw new Error('it declares entities, which are never loaded')
    })
    this.parser.on('opentag', (tag) => this.start(tag))
    this.parser.on('closetag', (tag) => this.end(localName(tag.name)))
    this.parser.on('text', (text) => this.text(text))
    this.parser.on('cdata', (text) => this.text(text))
  }

  write(text: string): void {
    this.parser.write(text)
    trimText(this.parser)
  }

  close(): void {
    this.parser.close()
  }

  private start(tag: SaxesTagPlain): void {
    const name = localName(tag.name)
    const { attributes } = tag
    this.depth++
    if (this.depth > maxDepth) throw new Error(`its elements are nested more than ${maxDepth} deep`)
    if (this.depth === 1 && name !== 'testsuites' && name !== 'testsuite') {
      throw new Error(`its root element is <${clip(name, 100)}>, not <testsuites> or <testsuite>`)
    }
    if (name === 'testsuite') this.suites.push(this.suite(attributes))
    else if (this.open === undefined && name === 'testcase') {
      this.open = { test: this.testCase(attributes), depth: this.depth }
    } else if (this.open !== undefined && this.depth === this.open.depth + 1 && isOutcome(name)) {
      addOutcome(this.open.test, name, attributes['message'])
      this.outcome = { depth: this.depth, text: '' }
    }
  }

  private end(name: string): void {
    if (this.outcome?.depth === this.depth) {
      const text = this.outcome.text.trim()
      if (text !== '') this.open?.test.messages.push(text)
      this.outcome = undefined
    } else if (this.open?.depth === this.depth) {
      const { result, messages } = this.open.test
      this.open = undefined
      this.tests++
      this.onTest({ ...result, message: clip(messages.join('\n'), maxMessageLength) })
    } else if (name === 'testsuite') this.suites.pop()
    this.depth--
  }

  private text(text: string): void {
    if (this.outcome === undefined || this.outcome.text.length > maxMessageLength) return
    this.outcome.text += text
  }

  private suite(attributes: Record<string, string>): Suite {
    const file = attributes['file'] || attributes['filepath'] || this.suites.at(-1)?.file
    return { name: attributes['name'] ?? '', file }
  }

  private testCase(attributes: Record<string, string>): OpenCase {
    const suite = this.suites.at(-1)
    const file = attributes['file'] || suite?.file
    const result: TestResult = {
      name: clip(attributes['name'] ?? '', maxMessageLength),
      classname: clip(attributes['classname'] || suite?.name || '', maxMessageLength),
      ...(file ? { file: repoPath(file) } : {}),
      runTime: parseSeconds(attributes['time']),
      result: 'success',
      message: '',
      source: 'junit',
    }
    return { result, messages: [] }
  }
}

/** Of several outcomes the worst counts: failure, then error, then skipped. */
function addOutcome(test: OpenCase, outcome: Outcome, message: string | undefined): void {
  const worse = { success: 0, skipped: 1, error: 2, failure: 3 }
  if (worse[outcome] > worse[test.result.result]) test.result.result = outcome
  if (message?.trim()) test.messages.push(message.trim())
}

function isOutcome(name: string): name is Outcome {
  return outcomes.has(name)
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
