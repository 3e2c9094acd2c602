import { expect, it } from 'vitest'
import { engineVersion } from './engine-version.ts'

it.each([
  ['default', '28'],
  ['docker29', '29'],
  ['docker26', '26'],
  ['docker24', '26'],
  ['20.10.24', '20.10'],
  ['20.10.7', '20.10'],
  ['19.03.13', '20.10'],
  ['17.11', '20.10'],
  ['24.0.9', '26'],
  ['28.1.1', '28'],
  ['31.0.0', '29'],
  ['docker12', undefined],
  ['newest', undefined],
  ['28', undefined],
  ['constructor', undefined],
  ['20.10.24 ', undefined],
])('version %j is engine %j', (wanted, engine) => {
  expect(engineVersion(wanted)).toBe(engine)
})
