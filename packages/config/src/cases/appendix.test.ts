import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const specification = new URL('../../../../../shared/spec/config-language.md', import.meta.url)
const folder = fileURLToPath(new URL('.', import.meta.url))

/** Numbers at the start of the lines between the heading of the list and the next one. */
function listedNumbers(): number[] {
  const text = readFileSync(specification, 'utf8')
  const list = text.slice(text.indexOf('\n## Appendix A'), text.indexOf('\n## Appendix B'))
  return [...list.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
}

/** Numbers that names of cases begin with: `'41 …'`, `'71, 72 …'`, and `['86', …` in tables. */
function namedNumbers(): Set<number> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts'))
  const texts = files.map((file) => readFileSync(`${folder}${file}`, 'utf8'))
  const names = [...texts.join('\n').matchAll(/(?:name: |test\(|continued\(\s*|\[)['"`](\d+(?:, \d+)*)[ '"`]/g)]
  return new Set(names.flatMap(([, numbers = '']) => numbers.split(', ').map(Number)))
}

test.skipIf(!existsSync(specification))('every edge case of the specification has a case here', () => {
  const listed = listedNumbers()
  const named = namedNumbers()

  expect(listed.length).toBeGreaterThan(300)
  expect(listed.filter((number) => !named.has(number))).toEqual([])
})

test.runIf(!existsSync(specification))('edge cases: skipped, no specification lies beside this checkout', () => {})
