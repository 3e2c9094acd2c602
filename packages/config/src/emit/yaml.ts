import { resolvePlain } from '../yaml/scalars.ts'
import { type Json, type JsonMap, Raw, Written } from './json.ts'

/** Writes data as block-style YAML; the same data gives the same bytes, and reading it back gives the same data. */
export function emitYaml(value: Json): string {
  return `${textOf(value, 0)}\n`
}

/** Where the keys of a job's body stand in the compiled config, below `jobs` and the job's name. */
export const bodyMargin = 4
/** Where a step stands in the list of a job's body. */
export const stepMargin = 8

/** A map of words of ours, which need no quotes, at a margin. What has no value is left out; undefined without any. */
export function writeWords(entries: Record<string, Json | undefined>, margin: number): Written | undefined {
  let lines = ''
  for (const word in entries) {
    const value = entries[word]
    if (value !== undefined) lines += wordLines(word, value, margin)
  }
  return lines === '' ? undefined : new Written(lines)
}

/** A list at a margin, of what was written already to stand behind a dash. */
export function writeList(items: readonly string[], margin: number): Json {
  const dash = `${newLine(margin)}- `
  let lines = ''
  for (const item of items) lines += dash + item
  return lines === '' ? [] : new Written(lines)
}

/** An entry of a map at a margin: its line, with the line break before it, and the lines below. */
export function entryLines(key: string, value: Json, margin: number): string {
  return newLine(margin) + keyText(key) + valueText(value, margin)
}

/** The same with a key that is a word of ours and needs no quotes. */
export function wordLines(word: string, value: Json, margin: number): string {
  if (typeof value === 'string') return wordLine(word, margin) + scalarText(value, margin + 2)
  return newLine(margin) + word + valueText(value, margin)
}

/** Lines of a map at a margin as they stand behind a dash, or at the start of a text. */
export function behindDash(lines: string, margin: number): string {
  return lines === '' ? '{}' : lines.slice(margin + 1)
}

/** What stands behind the key of an entry. */
function valueText(value: Json, margin: number): string {
  if (typeof value === 'string') return `: ${scalarText(value, margin + 2)}`
  if (value instanceof Written) return `:${value.text}`
  if (Array.isArray(value) && value.length > 0) return `:${linesOfList(value, margin + 2)}`
  if (value instanceof Map && value.size > 0) return `:${linesOfMap(value, margin + 2)}`
  return `: ${textOf(value, margin + 2)}`
}

/** The text of a value whose first line stands behind what is there already, and the others at a margin. */
function textOf(value: Json, margin: number): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : linesOfList(value, margin).slice(margin + 1)
  if (value instanceof Map) return behindDash(linesOfMap(value, margin), margin)
  return value instanceof Written ? behindDash(value.text, margin) : scalarText(value, margin)
}

function linesOfList(list: Json[], margin: number): string {
  const dash = `${newLine(margin)}- `
  let lines = ''
  for (const item of list) lines += dash + textOf(item, margin + 2)
  return lines
}

function linesOfMap(map: JsonMap, margin: number): string {
  let lines = ''
  for (const [key, value] of map) lines += entryLines(key, value, margin)
  return lines
}

const newLinesAt: string[] = []

/** A line break and the margin of the next line. */
function newLine(margin: number): string {
  newLinesAt[margin] ??= `\n${' '.repeat(margin)}`
  return newLinesAt[margin]
}

const wordLinesAt: Map<string, string>[] = []

/** A line up to its value. There are few words and margins: texts are put together of fewer pieces than they would be. */
function wordLine(word: string, margin: number): string {
  wordLinesAt[margin] ??= new Map()
  const known = wordLinesAt[margin].get(word)
  if (known !== undefined) return known
  const line = `${newLine(margin)}${word}: `
  wordLinesAt[margin].set(word, line)
  return line
}

const plainText = /^[A-Za-z~./_][\w ./~@+$(){}^=;,*?|\\-]*(?::[\w./~@+-]+)*$/

function keyText(key: string): string {
  return key.length < 128 && isPlain(key) ? key : JSON.stringify(key)
}

function isPlain(text: string): boolean {
  return (
    plainText.test(text) &&
    !text.endsWith(' ') &&
    !text.startsWith('...') &&
    // No longer word than `false`, and of what such a text begins with only the dot begins a number.
    ((text.length > 5 && text[0] !== '.') || typeof resolvePlain(text) === 'string')
  )
}

/** A scalar whose first line stands behind what is there already, and the others, if any, at a margin. */
export function scalarText(value: string | number | boolean | null | Raw, indent: number): string {
  if (value instanceof Raw) return value.text
  if (value === null) return 'null'
  if (typeof value !== 'string') return String(value)
  if (!value.includes('\n')) return isPlain(value) ? value : quoted(value)
  return canBeBlock(value) ? block(value, indent) : quoted(value)
}

/** JSON strings are YAML double-quoted strings, but for three line breaks that JSON lets through. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0085\u2028\u2029\uFEFF\u007f-\u009f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Block scalars keep text readable; odd characters, lines of blanks and a leading blank need quotes. */
function canBeBlock(text: string): boolean {
  const first = text[0]
  if (first === ' ' || first === '\n') return false
  if (beyondAscii.test(text) && unprintable.test(text)) return false
  // Most texts have no blank at the end of any line, and the pattern would look at every margin.
  return !(text.includes(' \n') || text.endsWith(' ')) || !/\n +(?:\n|$)/.test(text)
}

const beyondAscii = /[^\n\x20-\x7e]/
const unprintable = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\u{10000}-\u{10ffff}]/u

function block(text: string, indent: number): string {
  let end = text.length
  while (text[end - 1] === '\n') end--
  const trailing = text.length - end
  const body = trailing === 0 ? text : text.slice(0, end)
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+'
  const margin = newLine(indent)
  return `|${chomp}${margin}${indented(body, margin)}${trailing > 1 ? '\n'.repeat(trailing - 1) : ''}`
}

/** Lines behind a margin, but for empty ones. */
function indented(text: string, margin: string): string {
  let result = ''
  let from = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    if (text[at + 1] === '\n') continue
    result += text.slice(from, at) + margin
    from = at + 1
  }
  return result + text.slice(from)
}
