import { describe, expect, it } from 'vitest'
import { storable, toJson } from './json.ts'

describe('storable', () => {
  it.each([
    ['plain', 'plain'],
    ['nul\0byte', 'nul\u{fffd}byte'],
    ['half \ud83d', 'half \u{fffd}'],
    ['whole \u{1f600}', 'whole \u{1f600}'],
  ])('%j → %j', (text, expected) => {
    expect(storable(text)).toBe(expected)
  })
})

describe('toJson', () => {
  it('writes null for nothing', () => {
    expect(toJson(undefined)).toBe('null')
    expect(toJson(['a'])).toBe('["a"]')
  })
})
