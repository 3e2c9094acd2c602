import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

it('starts from a snapshot as it does from its modules', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-build-'))
  try {
    await buildAgent(directory)
    const at = (name: string) => join(directory, name)
    const node = async (...args: string[]) =>
      await promisify(execFile)(process.execPath, ['--snapshot-blob', at('agent.blob'), ...args]).catch(
        (error: unknown) => error,
      )

    expect(await node('--build-snapshot', at('agent.cjs'))).toEqual({ stdout: '', stderr: '' })
    // A place that nobody needs, and what it cannot do.
    expect(await node(at('agent.mjs'), 'wait', at('nowhere'))).toEqual({ stdout: '', stderr: '' })
    expect(await node(at('agent.mjs'), 'drain', at('nowhere'))).toMatchObject({ code: 70 })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
