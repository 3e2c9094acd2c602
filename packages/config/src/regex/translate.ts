/** A pattern in the words of ECMAScript's `u` mode, or why it cannot be said there; offsets are into the pattern. */
export type Translation = { source: string } | { problem: string; offset: number }

class Untranslatable extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/**
 * Translates the syntax of `java.util.regex` that ECMAScript lacks or says otherwise: `\Q…\E`, `(?P<n>…)`, inline flags
 * to the end of a group, `(?x)`, atomic groups and possessive quantifiers (spec: config-language.md 9.7). Every group
 * gets a name of ours, because atomic groups need groups of their own, which would shift the numbers.
 */
export function translatePattern(pattern: string): Translation {
  try {
    return { source: new Translator(pattern).whole() }
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    return { problem: error.message, offset: error.offset }
  }
}

const posix: Record<string, string> = {
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Upper: 'A-Z',
  Lower: 'a-z',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Space: ' \\t\\n\\v\\f\\r',
  Blank: ' \\t',
  XDigit: '0-9a-fA-F',
  ASCII: '\\0-\\x7f',
  Cntrl: '\\0-\\x1f\\x7f',
  Graph: '!-~',
  Print: ' -~',
}

const boundaries: Record<string, string> = {
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
  Z: '(?=\\n?(?![\\s\\S]))',
  R: '(?:\\r\\n|[\\n\\v\\f\\r\\x85\\u2028\\u2029])',
}
const maxDepth = 100

class Translator {
  readonly #text: string
  #at = 0
  #groups = 0
  #atoms = 0
  #depth = 0
  readonly #names = new Map<string, number>()

  constructor(text: string) {
    this.#text = text
  }

  whole(): string {
    const source = this.#alternatives(false)
    if (this.#at < this.#text.length) throw this.#fail('unexpected )')
    return source
  }

  #fail(message: string, offset = this.#at): Untranslatable {
    return new Untranslatable(message, offset)
  }

  /** Up to the end of the group; inline flags hold to its end, across its alternatives. */
  #alternatives(extended: boolean): string {
    if (++this.#depth > maxDepth) throw this.#fail('groups nested too deep')
    let out = ''
    let open = ''
    let closing = ''
    let spaced = extended
    while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
      const flags = /^\(\?([imsx]*)(?:-([imsx]+))?\)/.exec(this.#text.slice(this.#at, this.#at + 16))
      if (flags && flags[0] !== '(?)') {
        this.#at += flags[0].length
        const [on, off] = [flags[1] ?? '', flags[2] ?? '']
        spaced = on.includes('x') || (spaced && !off.includes('x'))
        open += modifiers(on, off)
        out += modifiers(on, off)
        closing = `)${closing}`
      } else if (this.#text[this.#at] === '|') {
        this.#at++
        out += `${closing}|${open}`
      } else if (!spaced || !this.#skipBlank()) out += this.#quantified(spaced)
    }
    this.#depth--
    return out + closing
  }

  #skipBlank(): boolean {
    const blank = /(?:\s|#[^\n]*)+/y
    blank.lastIndex = this.#at
    if (!blank.test(this.#text)) return false
    this.#at = blank.lastIndex
    return true
  }

  #quantified(extended: boolean): string {
    const atom = this.#atom(extended)
    if (extended) this.#skipBlank()
    const quantifier = /(?:[*+?]|\{\d+(?:,\d*)?\})([+?]?)/y
    quantifier.lastIndex = this.#at
    const found = quantifier.exec(this.#text)
    if (!found) return atom
    this.#at = quantifier.lastIndex
    return found[1] === '+' ? this.#atomic(`${atom}${found[0].slice(0, -1)}`) : `${atom}${found[0]}`
  }

  /** What a lookahead found is never tried again: that is an atomic group. */
  #atomic(inner: string): string {
    const name = `a${++this.#atoms}`
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`
  }

  #atom(extended: boolean): string {
    const char = this.#text[this.#at] ?? ''
    if (char === '(') return this.#group(extended)
    if (char === '[') return this.#class()
    if (char === '\\') return this.#escape()
    if ('*+?{'.includes(char)) throw this.#fail(`nothing to repeat before ${char}`)
    this.#at++
    if (']}'.includes(char)) return `\\${char}`
    const low = this.#text.charCodeAt(this.#at)
    // A character beyond 16 bits is one atom.
    if (/[\uD800-\uDBFF]/.test(char) && low >= 0xdc00 && low <= 0xdfff) return char + (this.#text[this.#at++] ?? '')
    return char
  }

  #group(extended: boolean): string {
    const start = this.#at
    const head =
      /\((?:\?(?:P?<(?<name>[A-Za-z]\w*)>|P=(?<back>\w+)\)|(?<kind><?[=!]|[>:])|(?<on>[imsx]*)(?:-(?<off>[imsx]+))?:))?/y
    head.lastIndex = start
    const found = head.exec(this.#text)
    this.#at = head.lastIndex
    const { name, back, kind, on, off } = found?.groups ?? {}
    if (back !== undefined) return this.#named(back, start)
    if (found?.[0] === '(' && this.#text[this.#at] === '?') throw this.#fail('unknown kind of group', start)
    const capturing = kind === undefined && on === undefined
    const number = capturing ? ++this.#groups : 0
    if (name !== undefined) this.#names.set(name, number)
    const inner = this.#alternatives(on?.includes('x') || (extended && !off?.includes('x')))
    if (this.#text[this.#at] !== ')') throw this.#fail('missing )', start)
    this.#at++
    if (kind === '>') return this.#atomic(inner)
    if (kind !== undefined) return `(?${kind}${inner})`
    return on === undefined ? `(?<g${number}>${inner})` : `${modifiers(on, off ?? '')}${inner})`
  }

  #named(name: string, offset: number): string {
    const number = this.#names.get(name)
    if (number === undefined) throw this.#fail(`no group is named ${name}`, offset)
    return `\\k<g${number}>`
  }

  #escape(): string {
    const start = this.#at
    const char = this.#text[start + 1] ?? ''
    if (char === 'Q') return this.#quoted()
    const back = /\\(?:([1-9])|k<(\w+)>)/y
    back.lastIndex = start
    const found = back.exec(this.#text)
    if (found) {
      this.#at = back.lastIndex
      if (found[2] !== undefined) return this.#named(found[2], start)
      if (Number(found[1]) > this.#groups) throw this.#fail(`there is no group ${found[1]} before this`, start)
      return `\\k<g${found[1]}>`
    }
    if (Object.hasOwn(boundaries, char)) {
      this.#at += 2
      return boundaries[char] ?? ''
    }
    if (char === 'b' || char === 'B') {
      this.#at += 2
      return `\\${char}`
    }
    const set = this.#escapedSet()
    return set.startsWith('\\') && !set.includes('-') ? set : `[${set}]`
  }

  /** An escape that can stand in a class too. */
  #escapedSet(): string {
    const start = this.#at
    const rest = this.#text.slice(start, start + 48)
    const char = rest[1] ?? ''
    const code = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|x\{([\da-fA-F]{1,6})\})/.exec(rest)
    const property = /^\\([pP])(?:\{(\w+)\}|([A-Z]))/.exec(rest)
    if (code) {
      this.#at += code[0].length
      const value = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16)
      if (value > 0x10ffff) throw this.#fail('no such character', start)
      return `\\u{${value.toString(16)}}`
    }
    if (property) return this.#property(property, start)
    this.#at += 2
    if (char === '') throw this.#fail('a backslash at the end', start)
    if (/[dDwWsStnrfv]/.test(char)) return `\\${char}`
    if (char === 'h') return ' \\t\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}'
    if (char === 'a') return '\\u{7}'
    if (char === 'e') return '\\u{1b}'
    if (/[A-Za-z\d]/.test(char)) throw this.#fail(`unknown escape \\${char}`, start)
    return literal(char)
  }

  #property([whole, letter, long, short]: RegExpExecArray, start: number): string {
    this.#at += whole.length
    const name = long ?? short ?? ''
    const ascii = Object.hasOwn(posix, name) ? posix[name] : undefined
    if (ascii !== undefined && letter === 'p') return ascii
    const unicode = name.replace(/^Is/, '')
    if (ascii === undefined && /^[A-Z][a-z]?$/.test(unicode)) return `\\${letter}{${unicode}}`
    throw this.#fail(`unsupported property ${whole}`, start)
  }

  #quoted(): string {
    const end = this.#text.indexOf('\\E', this.#at + 2)
    const text = this.#text.slice(this.#at + 2, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#text.length : end + 2
    return text === '' ? '(?:)' : [...text].map(literal).join('')
  }

  #class(): string {
    const start = this.#at
    const negated = this.#text[start + 1] === '^'
    this.#at += negated ? 2 : 1
    let out = ''
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      const char = this.#text[this.#at]
      if (char === undefined) throw this.#fail('missing ]', start)
      if (this.#text.startsWith('&&', this.#at)) throw this.#fail('classes cannot be intersected with &&')
      const named = /\[:(\w+):\]/y
      named.lastIndex = this.#at
      const known = named.exec(this.#text)?.[1]
      const set = known && posix[known.replace(/^./, (letter) => letter.toUpperCase()).replace('Xdigit', 'XDigit')]
      if (set) {
        out += set
        this.#at = named.lastIndex
      } else if (char === '[') throw this.#fail('a class cannot stand inside a class')
      else if (char === '\\') out += this.#escapedSet()
      else {
        out += char === '-' ? '-' : /[\^\]]/.test(char) ? `\\${char}` : char
        this.#at++
      }
    }
    this.#at++
    return `[${negated ? '^' : ''}${out}]`
  }
}

/** The start of a group with other flags; `x` is the translator's own business. */
function modifiers(on: string, off: string): string {
  const known = (flags: string) => [...new Set(flags.replaceAll('x', ''))].join('')
  const [plus, minus] = [known(on), known(off)]
  return `(?${plus}${minus === '' ? '' : `-${minus}`}:`
}

function literal(char: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(char) ? (char === '-' ? '\\u{2d}' : `\\${char}`) : char
}
