import { resolvePlain } from '../yaml/scalars.ts'
import { type Json, type JsonMap, Raw, Written } from './json.ts'

/** Writes data as block-style YAML; the same data gives the same bytes, and reading it back gives the same data. */
export function emitYaml(value: Json): string {
  return `${textOf(value, 0)}\n`
}

/** A job's body as it stands in the compiled config, below `jobs` and the job's name. */
export function emitBody(body: JsonMap): string {
  return textOf(body, 4)
}

/** A step as it stands in the list of a job's body. */
export function emitStep(step: Json): string {
  return textOf(step, 8)
}

/** The text of a value whose first line stands behind what is there already, and the others at a margin. */
function textOf(value: Json, indent: number): string {
  if (Array.isArray(value)) return textOfList(value, indent)
  if (value instanceof Map) return textOfMap(value, indent)
  return value instanceof Written ? value.text : scalar(value, indent)
}

const newLines: string[] = []

/** A line break and the margin of the next line. */
function newLine(indent: number): string {
  newLines[indent] ??= `\n${' '.repeat(indent)}`
  return newLines[indent]
}

function textOfList(list: Json[], indent: number): string {
  if (list.length === 0) return '[]'
  const next = `${newLine(indent)}- `
  let text = ''
  for (const item of list) text += `${text === '' ? '- ' : next}${textOf(item, indent + 2)}`
  return text
}

function textOfMap(map: JsonMap, indent: number): string {
  if (map.size === 0) return '{}'
  let text = ''
  for (const [key, value] of map) {
    const nested =
      (Array.isArray(value) && value.length > 0) || (value instanceof Map && value.size > 0) || value instanceof Written
    const gap = nested ? newLine(indent + 2) : ' '
    text += `${text === '' ? '' : newLine(indent)}${keyText(key)}:${gap}${textOf(value, indent + 2)}`
  }
  return text
}

const plainText = /^[A-Za-z~./_][\w ./~@+$(){}^=;,*?|\\-]*(?::[\w./~@+-]+)*$/
const singleLine = /[\n\r]/

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

function scalar(value: string | number | boolean | null | Raw, indent: number): string {
  if (value instanceof Raw) return value.text
  if (value === null) return 'null'
  if (typeof value !== 'string') return String(value)
  if (!singleLine.test(value)) return isPlain(value) ? value : quoted(value)
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
  if (/[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\u{10000}-\u{10ffff}]/u.test(text)) return false
  if (/^[ \n]/.test(text)) return false
  // Most texts have no blank at the end of any line, and the pattern would look at every margin.
  return !(text.includes(' \n') || text.endsWith(' ')) || !/\n +(?:\n|$)/.test(text)
}

function block(text: string, indent: number): string {
  const body = text.replace(/\n+$/, '')
  const trailing = text.length - body.length
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+'
  const margin = newLine(indent)
  const lines = body.replace(/\n(?!\n)/g, margin)
  return `|${chomp}${margin}${lines}${'\n'.repeat(Math.max(0, trailing - 1))}`
}
