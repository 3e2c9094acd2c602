import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launcherProgram } from './launcher.ts'

let directory: string
let launcher: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'launch-'))
  launcher = join(directory, 'launch')
  await writeFile(launcher, launcherProgram('x64') ?? '', { mode: 0o755 })
  await writeFile(join(directory, 'plain'), 'echo "$0 $1"; exit 3\n', { mode: 0o755 })
  await writeFile(join(directory, 'broken'), '#!/nowhere\n', { mode: 0o755 })
})
afterAll(() => rm(directory, { recursive: true }))

/** Descriptor 3, where a step has its terminal, is a pipe that is read. */
function launch(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(launcher, args, {
    cwd: directory,
    env: { PATH: '/usr/bin:/bin', WORD: 'word' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
}

describe.skipIf(process.arch !== 'x64')('the launcher', () => {
  it.each([
    ['hands on the exit code', ['/bin/sh', 'sh', '-c', 'exit 7'], '', 7],
    ['names the signal that killed the program', ['/bin/sh', 'sh', '-c', 'kill -9 $$'], '', 137],
    [
      'gives the program its own name, arguments and variables',
      ['/bin/sh', 'me', '-c', 'echo $0 $1 $WORD', 'a', 'b c'],
      'a b c word\n',
      0,
    ],
    ['gives output and errors to the terminal', ['/bin/sh', 'sh', '-c', 'echo out; echo err >&2'], 'out\nerr\n', 0],
    ['gives it the terminal once', ['/bin/sh', 'sh', '-c', '[ -e /proc/$$/fd/3 ] || echo closed'], 'closed\n', 0],
    ['lets the shell run a script without a first line', ['./plain', './plain', 'x'], './plain x\n', 3],
    [
      'says so when the kernel refuses',
      ['./broken', './broken'],
      expect.stringMatching(/^The program of this step cannot be started: .*missing\.\n$/),
      126,
    ],
  ])('%s', (_, args, output, status) => {
    const result = launch(...args)

    expect({ output: result.output[3], status: result.status }).toEqual({ output, status })
  })

  it('outlives signals to its whole group, and its program gets them', async () => {
    const child = spawn(
      launcher,
      ['/bin/sh', 'sh', '-c', "trap 'sleep 0.1; exit 5' HUP INT QUIT TERM; : >ready; while :; do sleep 0.01; done"],
      { cwd: directory, detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ignore'] },
    )
    while ((await readFile(join(directory, 'ready')).catch(() => undefined)) === undefined);

    process.kill(-(child.pid ?? 0), 'SIGTERM')
    const [code, signal] = await once(child, 'exit')

    expect({ code, signal }).toEqual({ code: 5, signal: null })
  })
})

it('is left to the shell on other architectures', () => {
  expect(launcherProgram('arm64')).toBeUndefined()
})
