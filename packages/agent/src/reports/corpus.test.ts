import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestResult } from '@orrery/protocol'
import { describe, expect, test } from 'vitest'
import { readReport } from './index.ts'

const corpus = join(import.meta.dirname, '../../../../../shared/corpus/reports/junit')

/** Files with a reason not to be read to their end, and how many cases come before it. */
const broken: Record<string, RegExp> = {
  'external-entity.xml': /declares entities/,
  'not-junit.xml': /root element is <suites>/,
  'pytest-truncated.xml': /unclosed|unexpected end/,
}

describe.skipIf(!existsSync(corpus))('real reports (skipped: the corpus is not here)', () => {
  test('every file is read, or refused with the reason that is known', async () => {
    const counts: Record<string, number> = { files: 0, refused: 0 }
    for (const name of readdirSync(corpus)) {
      const tests: TestResult[] = []
      const outcome = await readReport(join(corpus, name), (found) => tests.push(found))
      counts['files'] = (counts['files'] ?? 0) + 1
      for (const { result } of tests) counts[result] = (counts[result] ?? 0) + 1
      const reason = broken[name]
      if (reason === undefined) {
        expect(outcome, name).toEqual({ ok: true, tests: tests.length })
        expect(tests.length, name).toBeGreaterThan(0)
      } else {
        expect(outcome, name).toMatchObject({ ok: false, error: expect.stringMatching(reason) })
        counts['refused'] = (counts['refused'] ?? 0) + 1
      }
    }
    console.log('reports:', JSON.stringify(counts))
  })
})
