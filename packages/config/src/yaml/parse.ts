import {
  type AliasEvent,
  COLLECTION_STYLE,
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml'
import type { Code } from '../report/catalogue.ts'
import type { Collector, Details } from '../report/collector.ts'
import { cut } from '../report/suggest.ts'
import { type MergeSource, mergeInto } from './merge.ts'
import {
  isNull,
  makeMap,
  makeScalar,
  makeSeq,
  startOf,
  type YMap,
  type YNode,
  type YScalar,
  type YSeq,
} from './nodes.ts'
import { type Reading, readEvents } from './read.ts'
import { resolvePlain, resolveTagged } from './scalars.ts'
import type { SourceText } from './source.ts'

const maxNodes = 1_000_000
/** Characters of the values that aliases bring in. */
const maxAliased = 16 * 1024 * 1024
const maxDepth = 200
const standardTag = 'tag:yaml.org,2002:'
const standardTags = ['str', 'int', 'float', 'bool', 'null', 'map', 'seq']

interface Anchor {
  node: YNode
  size: number
  /** Characters of its values. */
  length: number
  height: number
}

class TooLarge extends Error {}

/** Parses one document to a positioned tree, with aliases and merge keys resolved; undefined when it has no root map. */
export function parseYaml(source: SourceText, report: Collector): YMap | undefined {
  const reading = readEvents(source, report)
  if (!reading) return undefined
  const builder = new Builder(source, report, reading)
  let root: YNode | undefined
  try {
    root = builder.document()
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    return undefined
  }
  if (root?.kind === 'map') return root
  const empty = root === undefined || isNull(root)
  const found = empty ? '; there is nothing in it' : ''
  const hint = empty
    ? 'write "version: 2.1" in its first line and the jobs below'
    : 'its first line is usually version: 2.1'
  report.add('C102', root ?? startOf(source), `The config must be a map${found}`, { hint })
  return undefined
}

type Key = string | number | undefined
type Collection = MappingEvent | SequenceEvent

/** Makes the tree of the first document out of the parser's events. */
class Builder {
  readonly #source: SourceText
  readonly #report: Collector
  readonly #reading: Reading
  readonly #anchors = new Map<string, Anchor>()
  /** Anchors of the nodes that are being built: an alias to one of them would never end. */
  readonly #unfinished = new Set<string>()
  #next = 0
  /** Where the last token ended: an empty value stands there. Offsets count in the reading's text. */
  #end = 0
  #size = 0
  #length = 0
  #aliased = 0
  /** Depth of the deepest node since it was last asked for; makes the heights of anchored nodes. */
  #deepest = 0

  constructor(source: SourceText, report: Collector, reading: Reading) {
    this.#source = source
    this.#report = report
    this.#reading = reading
  }

  /** The root of the document; undefined when there is none. More than one document is a fault. */
  document(): YNode | undefined {
    const { events } = this.#reading
    if (events[0]?.type !== EVENT_ID.DOCUMENT) return undefined
    this.#next = 1
    const root = this.#node(0, undefined, undefined)
    const more = events[this.#next + 1]
    if (more?.type !== EVENT_ID.DOCUMENT) return root
    const content = events[this.#next + 2]
    const at = content && 'start' in content ? content.start : this.#end
    this.#fault('C100', at, at + 1, 'YAML syntax error: a config is one YAML document, and here starts another', {
      hint: 'remove the line --- and what follows, or what stands before it',
    })
    throw new TooLarge()
  }

  #node(depth: number, parent: YNode | undefined, key: Key): YNode {
    const event = this.#reading.events[this.#next++] as Event
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event, depth, parent, key)
    if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) throw new Error('unbalanced YAML events')
    if (depth > this.#deepest) this.#deepest = depth
    const anchor = event.anchorStart < 0 ? undefined : this.#text(event.anchorStart, event.anchorEnd)
    if (anchor === undefined) return this.#content(event, depth, parent, key)
    const before = this.#size
    const length = this.#length
    const outside = this.#deepest
    this.#deepest = depth
    this.#unfinished.add(anchor)
    const node = this.#content(event, depth, parent, key)
    this.#unfinished.delete(anchor)
    this.#anchors.set(anchor, {
      node,
      size: this.#size - before,
      length: this.#length - length,
      height: this.#deepest - depth,
    })
    this.#deepest = Math.max(outside, this.#deepest)
    return node
  }

  #content(event: ScalarEvent | Collection, depth: number, parent: YNode | undefined, key: Key): YNode {
    const tag = event.tagStart < 0 ? undefined : this.#tag(event.tagStart, event.tagEnd)
    if (event.type === EVENT_ID.SCALAR) {
      this.#grow(1, depth, this.#end)
      return this.#scalar(event, tag, parent, key)
    }
    this.#grow(1, depth, event.start)
    return event.type === EVENT_ID.SEQUENCE
      ? this.#sequence(event, depth, parent, key)
      : this.#map(event, depth, parent, key)
  }

  #scalar(event: ScalarEvent, tag: string | undefined, parent: YNode | undefined, key: Key): YScalar {
    const plain = event.style === SCALAR_STYLE.PLAIN
    const empty = event.valueStart < 0
    const text = empty ? '' : getScalarValue(this.#reading.text, event)
    const tagged = tag === undefined ? undefined : resolveTagged(tag, text)
    const value = tagged !== undefined ? tagged : plain ? resolvePlain(text) : text
    const [start, end] = empty ? this.#emptyRange(event) : this.#scalarRange(event)
    this.#end = end
    this.#length += text.length
    const { place } = this.#reading
    return makeScalar({ source: this.#source, start: place(start), end: place(end), parent, key }, value, text, plain)
  }

  /** An empty value stands behind its properties, or where the last token ended. */
  #emptyRange(event: ScalarEvent): [number, number] {
    const at = Math.max(this.#end, event.anchorEnd, event.tagEnd)
    return [at, at]
  }

  /** Quotes and the header of a block scalar belong to a scalar. */
  #scalarRange({ style, valueStart, valueEnd, anchorEnd, tagEnd }: ScalarEvent): [number, number] {
    if (style === SCALAR_STYLE.PLAIN) return [valueStart, valueEnd]
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) {
      return [valueStart - 1, valueEnd + 1]
    }
    const mark = style === SCALAR_STYLE.LITERAL_BLOCK ? '|' : '>'
    const header = this.#reading.text.indexOf(mark, Math.max(this.#end, anchorEnd, tagEnd))
    return [header < 0 || header > valueStart ? valueStart : header, valueEnd]
  }

  #sequence(event: SequenceEvent, depth: number, parent: YNode | undefined, key: Key): YSeq {
    const start = this.#reading.place(event.start)
    const result = makeSeq({ source: this.#source, start, end: start, parent, key }, [])
    this.#end = event.start + 1
    while (!this.#ended()) result.items.push(this.#node(depth + 1, result, result.items.length))
    this.#close(event, result)
    return result
  }

  #map(event: MappingEvent, depth: number, parent: YNode | undefined, key: Key): YMap {
    const start = this.#reading.place(event.start)
    const result = makeMap({ source: this.#source, start, end: start, parent, key }, new Map())
    const merges: MergeSource[] = []
    this.#end = event.style === COLLECTION_STYLE.FLOW ? event.start + 1 : event.start
    while (!this.#ended()) {
      const name = this.#key(depth, result)
      const merged = name?.plain === true && name.text === '<<'
      // What is merged stands beside its own keys, not below them.
      const value = this.#node(merged ? depth - 1 : depth + 1, result, name?.text)
      if (!name) continue
      if (merged) merges.push({ value, position: result.entries.size })
      else this.#set(result, name, value)
    }
    this.#close(event, result)
    return merges.length === 0 ? result : mergeInto(result, merges, this.#report)
  }

  #key(depth: number, parent: YMap): YScalar | undefined {
    const event = this.#reading.events[this.#next]
    const node = this.#node(depth + 1, parent, undefined)
    if (node.kind !== 'scalar') {
      this.#report.add('C100', node, 'YAML syntax error: a key must be text', {
        hint: 'a value that starts with {{ or [ must be quoted',
      })
      return undefined
    }
    if (event?.type === EVENT_ID.ALIAS) return { ...node, key: node.text }
    node.key = node.text
    return node
  }

  #ended(): boolean {
    if (this.#reading.events[this.#next]?.type !== EVENT_ID.POP) return false
    this.#next++
    return true
  }

  /** A collection in brackets ends at its bracket, another one where its last token ended. */
  #close(event: Collection, node: YMap | YSeq): void {
    const { text, place } = this.#reading
    if (event.style === COLLECTION_STYLE.FLOW && /[[{]/.test(text[event.start] ?? '')) this.#end = this.#bracket()
    node.end = place(Math.max(this.#end, event.start))
  }

  /** The offset behind the closing bracket: only blanks, commas and comments can stand before it. */
  #bracket(): number {
    const { text } = this.#reading
    const rest = /(?:[\s,:]|#[^\r\n]*)*[\]}]/y
    rest.lastIndex = this.#end
    return rest.test(text) ? rest.lastIndex : this.#end
  }

  #set(map: YMap, key: YScalar, value: YNode): void {
    const first = map.entries.get(key.text)
    if (!first) {
      map.entries.set(key.text, { key, value })
      return
    }
    const related = [{ message: 'first defined here', node: first.key }]
    this.#report.add('C104', key, `Duplicate key ${cut(key.text)}`, {
      related,
      hint: 'remove one of the two, or give it another name',
    })
  }

  #alias(event: AliasEvent, depth: number, parent: YNode | undefined, key: Key): YNode {
    const name = this.#text(event.anchorStart, event.anchorEnd)
    const [from, to] = [event.anchorStart - 1, event.anchorEnd]
    this.#end = to
    const anchor = this.#unfinished.has(name) ? undefined : this.#anchors.get(name)
    const start = this.#reading.place(from)
    const end = this.#reading.place(to)
    if (!anchor) {
      const inside = this.#unfinished.has(name)
      const hint = inside
        ? 'an alias cannot stand inside the value of its own anchor'
        : 'an anchor must be defined earlier in the document; quote text that starts with *'
      this.#fault('C103', from, to, `${inside ? 'Unfinished' : 'Undefined'} anchor *${cut(name)}`, { hint })
      return makeScalar({ source: this.#source, start, end, parent, key }, null, '', true)
    }
    if (depth + anchor.height > this.#deepest) this.#deepest = depth + anchor.height
    this.#length += anchor.length
    this.#aliased += anchor.length
    this.#grow(anchor.size, depth + anchor.height, from)
    return { ...anchor.node, parent, key, site: { start, end, what: 'alias' } }
  }

  #tag(from: number, to: number): string | undefined {
    const written = this.#text(from, to)
    const full = written.startsWith('!!') ? `${standardTag}${written.slice(2)}` : written.replace(/^!<(.*)>$/s, '$1')
    const name = full.startsWith(standardTag) ? full.slice(standardTag.length) : undefined
    if (name !== undefined && standardTags.includes(name)) return name
    if (written === '!') return 'str'
    const hint = 'quote the value if it is text; for negation in an expression write `not`'
    this.#fault('C101', from, to, `Unknown YAML tag ${cut(written)}`, { hint })
    return undefined
  }

  #grow(count: number, depth: number, at: number): void {
    this.#size += count
    const reason =
      depth > maxDepth
        ? `nested deeper than ${maxDepth}`
        : this.#size > maxNodes
          ? `over ${maxNodes} nodes`
          : this.#aliased > maxAliased
            ? `over ${maxAliased} characters`
            : undefined
    if (reason === undefined) return
    this.#fault('C105', at, at, `Alias expansion is too large: ${reason}`)
    throw new TooLarge()
  }

  #text(from: number, to: number): string {
    return this.#reading.text.slice(from, to)
  }

  #fault(code: Code, from: number, to: number, message: string, details: Details = {}): void {
    const start = this.#reading.place(from)
    const end = Math.max(start, this.#reading.place(to))
    const node = makeScalar({ source: this.#source, start, end }, null, '', true)
    this.#report.add(code, node, message, { range: this.#source.range(start, end), ...details })
  }
}
