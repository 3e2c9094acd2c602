import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readVariables } from './variables.ts'

async function file(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'orrery-env-')), '.env')
  await writeFile(path, text)
  return path
}

it('reads a file and named variables of the environment, in this order', async () => {
  process.env['ORRERY_TEST_VALUE'] = 'from the environment'

  const variables = await readVariables(['ORRERY_TEST_VALUE'], await file('# a\nA=1=2\nexport B="two words"\n\nC=\n'))

  expect(variables).toEqual([
    ['A', '1=2'],
    ['B', 'two words'],
    ['C', ''],
    ['ORRERY_TEST_VALUE', 'from the environment'],
  ])
})

it('names the line or the variable that is wrong, not the value', async () => {
  await expect(readVariables([], await file('A=1\nnot a line\n'))).rejects.toThrow('.env:2 is not NAME=value')
  await expect(readVariables(['ORRERY_NOT_SET'], undefined)).rejects.toThrow('--env ORRERY_NOT_SET')
})
