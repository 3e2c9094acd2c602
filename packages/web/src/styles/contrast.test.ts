import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Theme = 'light' | 'dark'

/** Every custom property with two colours, of both style sheets that define them. */
function readColors(): Map<string, Record<Theme, string>> {
  const colors = new Map<string, Record<Theme, string>>()
  for (const file of ['tokens.css', 'log.css']) {
    const css = readFileSync(new URL(file, import.meta.url), 'utf8')
    for (const found of css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)) {
      const [, name = '', light = '', dark = ''] = found
      colors.set(name, { light, dark })
    }
  }
  return colors
}

/** Relative luminance of `#rrggbb` (WCAG 2). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

const colors = readColors()
const tones = ['success', 'failed', 'running', 'hold', 'waiting', 'ended']
const ansi = [...colors.keys()].filter((name) => name.startsWith('ansi-'))
const pairs: [string, string][] = [
  ...['bg', 'surface', 'surface-2', 'hover'].flatMap((ground): [string, string][] => [
    ['text', ground],
    ['muted', ground],
  ]),
  ['link', 'surface'],
  ['primary-text', 'primary'],
  ['surface', 'hold'],
  ['text', 'mark'],
  ['text', 'failed-bg'],
  ['log-fg', 'log-bg'],
  ...tones.map((tone): [string, string] => [tone, `${tone}-bg`]),
  ...ansi.map((name): [string, string] => [name, 'log-bg']),
]

describe.each<Theme>(['light', 'dark'])('in the %s theme', (theme) => {
  it.each(pairs)('%s can be read on %s', (text, ground) => {
    const [front, back] = [colors.get(text)?.[theme], colors.get(ground)?.[theme]]

    expect(contrast(front ?? '#000000', back ?? '#000000')).toBeGreaterThanOrEqual(4.5)
  })
})

it('knows all sixteen colours of a terminal', () => {
  expect(ansi).toHaveLength(16)
})
