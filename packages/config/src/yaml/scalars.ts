const booleans = new Map<string, boolean>()
for (const [word, value] of [
  ['true', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['no', false],
  ['off', false],
] as const) {
  for (const form of [word, word[0]?.toUpperCase() + word.slice(1), word.toUpperCase()]) booleans.set(form, value)
}

const nulls = new Set(['', '~', 'null', 'Null', 'NULL'])
const integer = /^[-+]?(?:0|[1-9]\d*)$/
const hexadecimal = /^0x[\da-fA-F]+$/
const float = /^[-+]?(?:\.\d+|(?:0|[1-9]\d*)(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const infinity = /^[-+]?\.(?:inf|Inf|INF)$/
const notANumber = /^\.(?:nan|NaN|NAN)$/

/**
 * The value of a plain scalar (spec: config-language.md 2.1): YAML 1.1 booleans in full words only, no octal, no
 * base-60 numbers, no timestamps.
 */
export function resolvePlain(text: string): string | number | boolean | null {
  const boolean = booleans.get(text)
  if (boolean !== undefined) return boolean
  if (nulls.has(text)) return null
  if (integer.test(text) || hexadecimal.test(text)) return Number(text)
  if (float.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? value : text
  }
  if (infinity.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return notANumber.test(text) ? Number.NaN : text
}

const tags: Record<string, (text: string) => string | number | boolean | null> = {
  str: (text) => text,
  int: (text) => (integer.test(text) || hexadecimal.test(text) ? Number(text) : text),
  float: (text) => (float.test(text) ? Number(text) : resolvePlain(text)),
  bool: (text) => booleans.get(text) ?? text,
  null: () => null,
}

/** The value of a scalar with a standard tag (`str`, `int`, …); undefined for any other tag. */
export function resolveTagged(tag: string, text: string): string | number | boolean | null | undefined {
  return Object.hasOwn(tags, tag) ? tags[tag]?.(text) : undefined
}
