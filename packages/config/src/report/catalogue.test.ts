import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { catalogue } from './catalogue.ts'

const source = fileURLToPath(new URL('..', import.meta.url))

function texts(folder: string, wanted: (file: string) => boolean): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(wanted)
  return files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n')
}

const product = texts(
  source,
  (file) => file.endsWith('.ts') && !/\.test\.ts$|^(?:cases|testing)\/|catalogue/.test(file),
)
const cases = texts(join(source, 'cases'), (file) => file.endsWith('.test.ts'))

test.each(Object.keys(catalogue))('%s is given somewhere and has a case', (code) => {
  expect(product).toContain(`'${code}'`)
  expect(cases).toMatch(new RegExp(`'${code}(?: \\d+:\\d+)?'`))
})
