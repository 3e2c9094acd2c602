import Anser from 'anser'

/** How a stretch of text looks, resolved once and shared by every line that uses it. */
export type Style = {
  /** CSS classes (`ansi-red-fg ansi-bold`), empty for plain text. */
  readonly className: string
  /** Colours that have no class: the 256-colour cube and true colour. */
  readonly css: { readonly color?: string; readonly backgroundColor?: string } | undefined
  readonly state: AnserState
}

/** The fields in which an Anser instance keeps what the next sequence builds on. */
type AnserState = {
  readonly fg: string | null
  readonly bg: string | null
  readonly fg_truecolor: string | null
  readonly bg_truecolor: string | null
  readonly decorations: readonly string[]
}

const plainState: AnserState = { fg: null, bg: null, fg_truecolor: null, bg_truecolor: null, decorations: [] }
export const plainStyle: Style = { className: '', css: undefined, state: plainState }

const cube = [0, 95, 135, 175, 215, 255]

/** The colour of palette entry 16–255 (six levels per channel, then 24 greys). */
function paletteColor(index: number): string {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return `rgb(${grey}, ${grey}, ${grey})`
  }
  const value = index - 16
  return `rgb(${cube[Math.floor(value / 36)]}, ${cube[Math.floor(value / 6) % 6]}, ${cube[value % 6]})`
}

/** A colour as a class stem (`ansi-red`) or as a value (`rgb(…)`). */
function resolveColor(name: string | null, truecolor: string | null): { stem?: string; value?: string } {
  if (name === null) return {}
  if (name === 'ansi-truecolor') return { value: `rgb(${truecolor ?? '0, 0, 0'})` }
  const palette = /^ansi-palette-(\d+)$/.exec(name)
  if (palette?.[1] !== undefined) return { value: paletteColor(Number(palette[1])) }
  return { stem: name }
}

function buildStyle(state: AnserState): Style {
  const reverse = state.decorations.includes('reverse')
  const text = resolveColor(state.fg, state.fg_truecolor)
  const ground = resolveColor(state.bg, state.bg_truecolor)
  const [front, back] = reverse ? [ground, text] : [text, ground]
  const classes = [
    ...(front.stem === undefined ? [] : [`${front.stem}-fg`]),
    ...(back.stem === undefined ? [] : [`${back.stem}-bg`]),
    ...(reverse && state.fg === null ? ['ansi-default-bg'] : []),
    ...(reverse && state.bg === null ? ['ansi-default-fg'] : []),
    ...state.decorations.filter((name) => name !== 'reverse').map((name) => `ansi-${name}`),
  ]
  const css =
    front.value === undefined && back.value === undefined
      ? undefined
      : {
          ...(front.value === undefined ? {} : { color: front.value }),
          ...(back.value === undefined ? {} : { backgroundColor: back.value }),
        }
  return { className: classes.join(' '), css, state }
}

/** `38:2::r:g:b` and `4:3` are newer spellings with colons; Anser knows the ones with semicolons only. */
function normalise(params: string): string {
  if (!params.includes(':')) return params
  return params
    .split(';')
    .map((part) => {
      const pieces = part.split(':')
      if (pieces[0] === '38' || pieces[0] === '48') return pieces.filter((piece) => piece !== '').join(';')
      return pieces[0] === '4' && pieces[1] === '0' ? '24' : (pieces[0] ?? '')
    })
    .join(';')
}

/** The style after the sequence `ESC [ params m`. Never throws; unknown codes change nothing. */
export function nextStyle(style: Style, params: string): Style {
  const parser = Object.assign(new Anser(), { ...style.state, decorations: [...style.state.decorations] })
  const entry = parser.processChunkJson(`${normalise(params)}m`, { use_classes: true }, true)
  if (!entry.was_processed) return plainStyle
  return buildStyle({
    fg: entry.fg,
    bg: entry.bg,
    fg_truecolor: entry.fg === 'ansi-truecolor' ? entry.fg_truecolor : null,
    bg_truecolor: entry.bg === 'ansi-truecolor' ? entry.bg_truecolor : null,
    decorations: [...new Set(entry.decorations)].sort(),
  })
}
