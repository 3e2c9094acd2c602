import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadKeys } from './keys.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'orrery-keys-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

it('makes keys once, for two servers that start together too, readable by nobody else', async () => {
  const [one, two] = await Promise.all([loadKeys(dataDir), loadKeys(dataDir)])
  expect(two).toEqual(one)
  expect(await loadKeys(dataDir)).toEqual(one)
  expect(one.secretKey).toHaveLength(32)
  expect(one.secretKey).not.toEqual(one.tokenKey)
  expect((await stat(join(dataDir, 'keys.json'))).mode & 0o777).toBe(0o600)
})

it.each(['', '{}', '{"secretKey":"AAAA","tokenKey":"AAAA"}'])(
  'never replaces a damaged file, nor quotes it: %j',
  async (text) => {
    await writeFile(join(dataDir, 'keys.json'), text)
    const error = await loadKeys(dataDir).catch((one: Error) => one)
    expect(error).toMatchObject({ message: expect.stringContaining('is damaged') })
    expect(String(error)).not.toContain('AAAA')
    expect(await readFile(join(dataDir, 'keys.json'), 'utf8')).toBe(text)
  },
)
