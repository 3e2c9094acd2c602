import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretBox } from './secret-box.ts'

const box = createSecretBox(randomBytes(32))

describe('createSecretBox', () => {
  it('opens what it sealed, any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (owner, value) => {
        expect(box.open(owner, box.seal(owner, value))).toBe(value)
      }),
    )
  })

  it('seals the same value differently each time, and never in the clear', () => {
    const [first, second] = [box.seal('o', 'tops3cret'), box.seal('o', 'tops3cret')]

    expect(first.equals(second)).toBe(false)
    expect(first.includes('tops3cret')).toBe(false)
  })

  it('does not open for another owner, with another key, or after a change of any byte', () => {
    const sealed = box.seal('project:1:TOKEN', 'value')

    expect(() => box.open('project:2:TOKEN', sealed)).toThrow()
    expect(() => createSecretBox(randomBytes(32)).open('project:1:TOKEN', sealed)).toThrow(/another key/)
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(() => box.open('project:1:TOKEN', changed)).toThrow()
    }
    expect(() => box.open('project:1:TOKEN', sealed.subarray(0, 20))).toThrow()
  })

  it('wants a key of 32 bytes', () => {
    expect(() => createSecretBox(randomBytes(16))).toThrow(/32 bytes/)
  })
})
