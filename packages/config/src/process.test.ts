import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileText, onBranch, onTag, pushToMain } from './testing/compile.ts'
import { essence, withoutComments } from './testing/essence.ts'
import { configs } from './testing/generate.ts'

test('the compiled form of a config compiles to the same plan and to itself', async () => {
  let compiled = 0
  let all = 0
  const values = fc.constantFrom(pushToMain, onBranch('dev-1'), onTag('v1'))
  await fc.assert(
    fc.asyncProperty(configs, values, fc.constantFrom('decimal', 'exponential'), async (text, on, numericEnv) => {
      const given = { values: on, options: { numericEnv } }
      all++
      const first = await compileText(text, given)
      if (!first.ok) return
      compiled++
      const second = await compileText(first.compiled ?? '', given)

      expect(second.diagnostics.filter((one) => one.severity === 'error')).toEqual([])
      expect(essence(second.plan)).toEqual(essence(first.plan))
      expect(withoutComments(second.compiled)).toBe(withoutComments(first.compiled))
    }),
    { numRuns: 200 },
  )
  // Were most of them refused, this would prove little.
  expect(compiled).toBeGreaterThan(all / 3)
})
