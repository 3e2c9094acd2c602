import { COLLECTION_STYLE, EVENT_ID, type Event, YAMLException } from 'js-yaml'

interface Advice {
  message: string
  hint?: string
}

/** What the parser's words mean to somebody who writes a config. */
const advice: Record<string, Advice> = {
  'null byte is not allowed in input': {
    message: 'the text holds a NUL byte',
    hint: 'save the file as UTF-8 text; is it perhaps a binary file, or UTF-16?',
  },
  'the stream contains non-printable characters': {
    message: 'the text holds a control character',
    hint: 'remove it, or write it as an escape in double quotes, like "\\x1b"',
  },
  'missed comma between flow collection entries': {
    message: 'a comma or a closing bracket is missing',
    hint: 'entries in [ ] and { } are separated by commas; quote text that holds brackets, commas or quotation marks',
  },
  "expected the node content, but found ','": { message: 'a value is missing before the comma' },
  'unexpected end of the stream within a flow collection': { message: 'this bracket is never closed' },
  'unexpected end of the stream within a single quoted scalar': {
    message: 'this quotation mark is never closed',
    hint: "inside single quotes a ' is written ''",
  },
  'unexpected end of the stream within a double quoted scalar': { message: 'this quotation mark is never closed' },
  'deficient indentation': {
    message:
      'a quote or bracket that opened in this line or above is not closed, or what it holds is indented too little',
    hint: 'close it, or indent each line that it holds deeper than the key it belongs to',
  },
  'bad indentation of a mapping entry': {
    message: 'this does not belong here: the indentation is wrong, or there is text behind a complete value',
    hint: 'keys of one map start in the same column',
  },
  'bad indentation of a sequence entry': {
    message: 'this does not belong here: the indentation is wrong, or there is text behind a complete value',
    hint: 'the dashes of one list start in the same column',
  },
  "expected ':' after a mapping key": {
    message: 'a `key:` is expected here',
    hint: 'every line of a map needs `key: value`; longer text needs `|` or quotes',
  },
  'can not read a block mapping entry; a multiline key may not be an implicit key': {
    message: 'the line above this place has no `key:`',
    hint: 'every line of a map needs `key: value`; longer text needs `|` or quotes',
  },
  'a whitespace character is expected after the key-value separator within a block mapping': {
    message: 'a blank must follow the colon',
  },
  'end of the stream or a document separator is expected': {
    message: 'this does not belong here: the indentation is wrong, or there is text behind a complete value',
  },
  'unknown escape sequence': {
    message: 'unknown escape in double quotes',
    hint: 'write \\\\ for a backslash, or use single quotes',
  },
  'tab characters must not be used in indentation': { message: 'a tab is used as indentation' },
  'duplication of an anchor property': { message: 'a value can have only one anchor' },
  'duplication of a tag property': { message: 'a value can have only one tag' },
  'alias node should not have any properties': { message: 'an alias can have neither anchor nor tag' },
  'name of an alias node must contain at least one character': {
    message: 'a * begins an alias, and here none is named',
    hint: 'quote text that starts with *: "*"; a pattern for every branch is /.*/',
  },
  'name of an anchor node must contain at least one character': {
    message: 'a & begins an anchor, and here none is named',
    hint: 'quote text that starts with &',
  },
  'directives end mark is expected': { message: 'a line that starts with % is a directive and needs --- behind it' },
}

const tabs = 'indent with spaces; YAML does not allow tabs'
const colon = 'quote a value that holds a colon and a blank'
const dash = 'start the line with "- " if it belongs to the list above it; else indent it less or more'
const reserved = 'text cannot start with @, ` or %: quote it'

/** The message for a reason of the parser; `from` is the offset to point at. */
export function describeSyntax(reason: string, text: string, at: number): Advice & { from: number } {
  const from = visible(text, at)
  const known = Object.hasOwn(advice, reason) ? advice[reason] : undefined
  const { message, hint } = known ?? { message: reason }
  const lineStart = Math.max(text.lastIndexOf('\n', from - 1), text.lastIndexOf('\r', from - 1)) + 1
  const tab = /^[ \t]*\t/.test(text.slice(lineStart, Math.min(lineStart + 200, text.length)))
  const char = text[from] ?? ''
  const better = tab ? tabs : char === ':' ? colon : '@`%'.includes(char) && char !== '' ? reserved : undefined
  const chosen = better ?? (isDashless(text, lineStart) ? dash : hint)
  return { message, from, ...(chosen === undefined ? {} : { hint: chosen }) }
}

/** Whether a line that has no dash starts in the column of the dashes of the line before. */
function isDashless(text: string, lineStart: number): boolean {
  const margin = /^ +(?=[^\s-])/.exec(text.slice(lineStart, lineStart + 200))?.[0]
  if (margin === undefined) return false
  const before = text
    .slice(Math.max(0, lineStart - 2000), lineStart)
    .trimEnd()
    .split('\n')
  const above = before.findLast((line) => /\S/.test(line) && line.search(/\S/) <= margin.length)
  return above?.startsWith(`${margin}- `) === true
}

/** An offset that stands on something: a fault at the end of a line is shown at what stands before it. */
function visible(text: string, at: number): number {
  let from = Math.min(at, text.length)
  if (from < text.length && !/[\r\n]/.test(text[from] ?? '')) return from
  while (from > 0 && /\s/.test(text[from - 1] ?? '')) from--
  return Math.max(0, from - 1)
}

/** Where the quote or bracket opens that the end of the text left open: found by closing it. */
export function openerOf(reason: string, close: (closing: string) => Event[] | YAMLException): number | undefined {
  const [, what] = /^unexpected end of the stream within a (\w+)/.exec(reason) ?? []
  const closers = what === 'single' ? ["'"] : what === 'double' ? ['"'] : what === 'flow' ? [']', '}'] : []
  for (const closer of closers) {
    const events = close(closer)
    if (events instanceof YAMLException) continue
    return what === 'flow' ? lastClosed(events) : lastQuoted(events)
  }
  return undefined
}

function lastQuoted(events: Event[]): number | undefined {
  const last = events.findLast((event) => event.type === EVENT_ID.SCALAR)
  return last?.type === EVENT_ID.SCALAR ? last.valueStart - 1 : undefined
}

/** Start of the collection in brackets that ends last. */
function lastClosed(events: Event[]): number | undefined {
  const open: (Event & { style?: unknown; start?: number })[] = []
  let last: number | undefined
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      const ended = open.pop()
      if (ended?.style === COLLECTION_STYLE.FLOW) last = ended.start
    } else if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) open.push(event)
  }
  return last
}
