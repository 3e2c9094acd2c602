import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { buildAgent } from './build.ts'

it('reads nothing at its start that makes Node load its fetch', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-build-'))
  try {
    await buildAgent(directory)
    const names = await readdir(directory)
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))

    expect(texts.filter((text) => /from\s*["']node:https?["']|import\(["']node:https?["']\)/.test(text))).toEqual([])
    expect(texts.some((text) => text.includes('require("node:http")'))).toBe(true)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
