type Variables = Record<string, string | undefined>

/** A text that the tool of this name refuses as a whole. */
export class SubstitutionError extends Error {}

/** Letters, digits and `_` in any order; a lone `_` is no variable. */
const name = '(?!_(?![\\p{L}\\p{Nd}_]))[\\p{L}\\p{Nd}_]+'
const bare = new RegExp(`\\$(?:\\$|(?<name>${name}))`, 'uy')
const braced = new RegExp(`\\$\\{(?<name>${name})(?<operator>:?[-=+])?`, 'uy')
/** Defaults inside defaults; far above what people write, far below the stack. */
const mostDepth = 100

/**
 * Replaces variables as the tool `envsubst` of a8m does (spec: execution.md 17): `$NAME`, `${NAME}`,
 * `${NAME:-default}`, `${NAME-default}`, `${NAME:=d}`, `${NAME=d}`, `${NAME:+other}`, `${NAME+other}`; `$$` is one `$`.
 * With a colon an empty variable counts as unset for the default; for `+` it counts as set either way. Defaults may
 * hold variables. What is unset is empty; what is no variable stays as it is.
 *
 * Throws SubstitutionError when a `${NAME` is not closed before its line ends.
 */
export function substitute(text: string, variables: Variables, depth = 0): string {
  if (depth > mostDepth) throw new SubstitutionError(`defaults are nested more than ${mostDepth} deep`)
  const parts: string[] = []
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at)
    if (dollar === -1) {
      parts.push(text.slice(at))
      break
    }
    parts.push(text.slice(at, dollar))
    const found = plain(text, dollar, variables) ?? expression(text, dollar, variables, depth)
    parts.push(found?.value ?? '$')
    at = found?.end ?? dollar + 1
  }
  return parts.join('')
}

type Found = { value: string; end: number }

function plain(text: string, at: number, variables: Variables): Found | undefined {
  bare.lastIndex = at
  const match = bare.exec(text)
  if (match === null) return undefined
  const variable = match.groups?.['name']
  return { value: variable === undefined ? '$' : (variables[variable] ?? ''), end: bare.lastIndex }
}

function expression(text: string, at: number, variables: Variables, depth: number): Found | undefined {
  braced.lastIndex = at
  const match = braced.exec(text)
  if (match === null) return undefined
  const { name: variable = '', operator } = match.groups ?? {}
  const start = braced.lastIndex
  const close = closingBrace(text, start)
  if (close === undefined) {
    const line = text.slice(0, at).split('\n').length
    throw new SubstitutionError(`line ${line}: closing brace expected for \${${variable}`)
  }
  const value = variables[variable]
  const other = (): string => substitute(text.slice(start, close), variables, depth + 1)
  return { value: choose(operator, value, other), end: close + 1 }
}

function choose(operator: string | undefined, value: string | undefined, other: () => string): string {
  switch (operator) {
    case '+':
    case ':+':
      return value === undefined ? '' : other()
    case '-':
    case '=':
      return value ?? other()
    case ':-':
    case ':=':
      return value || other()
    default:
      return value ?? ''
  }
}

/** Of the `${` that was opened before `start`; nested ones are skipped. Undefined when the line ends first. */
function closingBrace(text: string, start: number): number | undefined {
  let depth = 1
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (char === '\n' || char === '\r') return undefined
    if (char === '$' && text[at + 1] === '{') depth += 1
    if (char === '}') depth -= 1
    if (depth === 0) return at
  }
  return undefined
}
