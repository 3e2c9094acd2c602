import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { holdProgram } from './hold.ts'

it('is a program that runs until it is killed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hold-'))
  try {
    const path = join(directory, 'hold')
    await writeFile(path, holdProgram(process.arch), { mode: 0o755 })

    const child = spawn(path)
    await once(child, 'spawn')
    child.kill('SIGKILL')
    const [code, signal] = await once(child, 'exit')

    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' })
  } finally {
    await rm(directory, { recursive: true })
  }
})

it('has its instructions for both architectures at the entry', () => {
  for (const [arch, first] of [
    ['x64', 'b822000000'],
    ['arm64', '280980d2'],
  ] as const) {
    expect(holdProgram(arch).subarray(120).toString('hex').startsWith(first)).toBe(true)
  }
  expect(() => holdProgram('mips')).toThrow('mips')
})
