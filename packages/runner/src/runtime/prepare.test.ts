import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseLdd } from './libraries.ts'
import { prepareRuntime } from './prepare.ts'

let base: string
let agentDir: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'rt-'))
  agentDir = join(base, 'agent')
  await mkdir(agentDir)
  await writeFile(join(agentDir, 'agent.mjs'), '// agent')
  await writeFile(join(agentDir, 'circleci.mjs'), '// helper')
  await writeFile(join(agentDir, 'notes.txt'), 'not part of it')
})
afterEach(() => rm(base, { recursive: true, force: true }))

// A small program stands for Node: the same loader and libraries, without copying 120 MB.
const prepare = () => prepareRuntime({ outDir: join(base, 'out'), agentDir, nodeBinary: '/bin/ls' })

describe('prepareRuntime', () => {
  it('lays out everything a place needs, read only and readable by every user', async () => {
    const directory = await prepare()

    const files = await readdir(directory, { recursive: true })
    expect(files).toEqual(expect.arrayContaining(['rt/ld.so', 'rt/node', 'rt/pty.node', 'rt/libc.so.6']))
    expect(files).toEqual(expect.arrayContaining(['agent.mjs', 'circleci.mjs', 'bin/circleci', 'bin/circleci-agent']))
    expect(files).not.toContain('notes.txt')
    for (const file of ['rt/node', 'agent.mjs', 'bin/circleci']) {
      expect((await stat(join(directory, file))).mode & 0o777).toBe(0o555)
    }
    expect((await stat(join(directory, 'rt'))).mode & 0o777).toBe(0o755)
    expect(await readFile(join(directory, 'bin/circleci'), 'utf8')).toContain('/orrery/circleci.mjs "$@"')
  })

  it('gives the same directory for the same content and another for a changed agent, storing files once', async () => {
    const [first, again] = await Promise.all([prepare(), prepare()])
    await writeFile(join(agentDir, 'agent.mjs'), '// newer agent')
    const changed = await prepare()

    expect(again).toBe(first)
    expect(changed).not.toBe(first)
    expect(await readFile(join(first, 'agent.mjs'), 'utf8')).toBe('// agent')
    expect((await stat(join(changed, 'rt/node'))).ino).toBe((await stat(join(first, 'rt/node'))).ino)
    expect((await readdir(join(base, 'out'))).filter((name) => name.startsWith('.new'))).toEqual([])
  })

  it('goes without the snapshot of an agent that gives none', async () => {
    await writeFile(join(agentDir, 'agent.cjs'), '// to be run by Node')

    const files = await readdir(await prepare())

    expect(files).toContain('agent.cjs')
    expect(files).not.toContain('agent.blob')
  })

  it('says what is missing', async () => {
    await rm(join(agentDir, 'agent.mjs'))

    await expect(prepare()).rejects.toMatchObject({
      code: 'ORY_RUNTIME',
      message: expect.stringContaining('agent.mjs'),
    })
  })
})

it('reads loader and libraries from ldd', () => {
  const output =
    '\tlinux-vdso.so.1 (0x00)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x01)\n\t/lib64/ld-linux-x86-64.so.2 (0x02)\n'

  expect(parseLdd(output)).toEqual({
    loader: '/lib64/ld-linux-x86-64.so.2',
    files: new Map([['libm.so.6', '/lib/x86_64-linux-gnu/libm.so.6']]),
  })
  expect(() => parseLdd('\tlibz.so.1 => not found\n')).toThrow('libz.so.1')
})
