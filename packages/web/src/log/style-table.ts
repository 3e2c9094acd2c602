import type { Style } from './sgr.ts'
import { nextStyle, plainStyle } from './sgr.ts'

/** True-colour gradients could make millions of styles; text beyond this many keeps the colour it had. */
const maxStyles = 4096
const maxTransitions = 16_384

/** Numbers for styles, so that a line stores two integers per stretch. Number 0 is plain text. */
export class StyleTable {
  readonly #styles: Style[] = [plainStyle]
  readonly #numbers = new Map<string, number>([[keyOf(plainStyle), 0]])
  /** (style, parameters) → style: logs repeat a handful of sequences, so the parser runs once for each. */
  readonly #transitions = new Map<string, number>()

  get(number: number): Style {
    return this.#styles[number] ?? plainStyle
  }

  /** The number of the style after `ESC [ params m` in style `from`. */
  next(from: number, params: string): number {
    const key = `${from}|${params}`
    const known = this.#transitions.get(key)
    if (known !== undefined) return known
    const number = this.#intern(nextStyle(this.get(from), params)) ?? from
    if (this.#transitions.size < maxTransitions) this.#transitions.set(key, number)
    return number
  }

  #intern(style: Style): number | undefined {
    const key = keyOf(style)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    if (this.#styles.length >= maxStyles) return undefined
    this.#styles.push(style)
    this.#numbers.set(key, this.#styles.length - 1)
    return this.#styles.length - 1
  }
}

function keyOf(style: Style): string {
  const { fg, bg, fg_truecolor, bg_truecolor, decorations } = style.state
  return [fg, bg, fg_truecolor, bg_truecolor, decorations.join('+')].join('|')
}
