import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Launcher, type ProgramExit } from './launcher.ts'
import { Terminal } from './terminal.ts'

const native = (name: string): string => fileURLToPath(new URL(`../../native/${name}`, import.meta.url))
const env = { PATH: '/usr/bin:/bin', WORD: 'word' }

let directory: string
let launcher: Launcher
const terminals: Terminal[] = []
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'launch-'))
  launcher = new Launcher(native(`launch.${process.arch}`))
  writeFileSync(join(directory, 'plain'), 'echo "$0 $1"; exit 3\n', { mode: 0o755 })
  writeFileSync(join(directory, 'broken'), '#!/nowhere\n', { mode: 0o755 })
})
afterAll(() => {
  for (const terminal of terminals) terminal.close()
  rmSync(directory, { recursive: true })
})

interface Run {
  pid: number
  exited: Promise<ProgramExit>
  /** What the terminal has shown by now. */
  output(): string
}

async function launch(
  path: string,
  argv: string[],
  more: { env?: Record<string, string>; by?: Launcher } = {},
): Promise<Run> {
  const chunks: Buffer[] = []
  const terminal = Terminal.open((bytes) => chunks.push(Buffer.from(bytes)))
  if (terminal?.path === undefined) throw new Error('there is no terminal')
  const order = { terminal: terminal.path, path, argv, cwd: directory, env: more.env ?? env }
  const { pid, exited } = await (more.by ?? launcher).launch(order)
  terminal.release()
  terminals.push(terminal)
  const drained = exited.then((exit) => {
    terminal.drain(1000)
    return exit
  })
  return { pid, exited: drained, output: () => Buffer.concat(chunks).toString().replaceAll('\r\n', '\n') }
}

const sh = (script: string, ...args: string[]) => launch('/bin/sh', ['sh', '-c', script, ...args])

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

it.each(['x64', 'arm64'])('is built from the source that lies beside it, for %s', (arch) => {
  const hash = createHash('sha256')
    .update(readFileSync(native('launch.c')))
    .digest('hex')

  expect(readFileSync(native(`launch.${arch}`)).includes(hash)).toBe(true)
})

describe('the launcher', () => {
  it.each([
    ['hands on the exit code', ['/bin/sh', 'sh', '-c', 'exit 7'], '', 7],
    ['names the signal that killed the program', ['/bin/sh', 'sh', '-c', 'kill -9 $$'], '', 137],
    [
      'gives the program its own name, arguments and variables',
      ['/bin/sh', 'me', '-c', 'echo $0 "$1" "$2" $WORD', 'a', '', 'b'],
      'a  b word\n',
      0,
    ],
    ['gives output and errors to the terminal', ['/bin/sh', 'sh', '-c', 'echo out; echo err >&2'], 'out\nerr\n', 0],
    [
      'makes it the program of a terminal',
      ['/bin/sh', 'sh', '-c', '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo yes'],
      'yes\n',
      0,
    ],
    [
      'keeps its own descriptors from it',
      ['/bin/sh', 'sh', '-c', '[ ! -e /proc/$$/fd/3 ] && ! ls -l /proc/$$/fd | grep signalfd'],
      '',
      0,
    ],
    ['starts it in its directory', ['/bin/sh', 'sh', '-c', 'ls | cat'], 'broken\nplain\n', 0],
    [
      'leaves it no signal that is blocked or ignored',
      ['/bin/sh', 'sh', '-c', 'grep -E "^Sig(Blk|Ign)" /proc/self/status'],
      'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n',
      0,
    ],
    ['lets the shell run a script without a first line', ['./plain', './plain', 'x'], './plain x\n', 3],
  ])('%s', async (_, [path = '', ...argv], output, exitCode) => {
    const run = await launch(path, argv)

    expect([await run.exited, run.output()]).toEqual([{ exitCode }, output])
  })

  it('tells why the kernel refuses a program', async () => {
    const run = await launch('./broken', ['./broken'])

    expect(await run.exited).toMatchObject({ error: { code: 'ENOENT' } })
  })

  it('tells when arguments and variables are too much for the kernel, and goes on', async () => {
    const run = await launch('/bin/true', ['true'], { env: { BIG: 'x'.repeat(200_000) } })
    expect(await run.exited).toMatchObject({ error: { code: 'E2BIG' } })
    await expect(launch('/bin/true', ['true'], { env: { BIG: 'x'.repeat(9_000_000) } })).rejects.toMatchObject({
      code: 'E2BIG',
    })

    expect(await (await sh('exit 4')).exited).toEqual({ exitCode: 4 })
  })

  it('takes many variables and arguments that are long together', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`V${index}`, `${index}`.repeat(300)]))
    const run = await launch('/usr/bin/env', ['env'], { env: many })

    await run.exited
    const expected = Object.entries(many).map(([name, value]) => `${name}=${value}\n`)
    expect(run.output()).toBe(expected.join(''))
  })

  it('refuses a zero byte, which would end a text early', async () => {
    await expect(launch('/bin/true', ['true', 'a\0b'])).rejects.toThrow('zero byte')
    await expect(launch('/bin/true', ['true'], { env: { A: 'a\0B=b' } })).rejects.toThrow('zero byte')
  })

  it('tells when the terminal cannot be opened', async () => {
    const order = { terminal: '/nowhere', path: '/bin/true', argv: ['true'], cwd: '/', env: {} }

    await expect(launcher.launch(order)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('runs many at once, and each gets its own end', async () => {
    const runs = await Promise.all(
      Array.from({ length: 100 }, (_, index) => sh(`sleep 0.0${index % 7}; exit ${index}`)),
    )
    const exits = await Promise.all(runs.map(({ exited }) => exited))

    expect(exits).toEqual(runs.map((_, index) => ({ exitCode: index })))
    expect(new Set(runs.map(({ pid }) => pid)).size).toBe(100)
  })

  it('lets what a program left in the background live on, with its terminal', async () => {
    const run = await sh(
      `{ until [ -e ${directory}/go ]; do sleep 0.01; done; [ -t 1 ] && : >${directory}/lived; } & exit 0`,
    )
    expect(await run.exited).toEqual({ exitCode: 0 })

    writeFileSync(join(directory, 'go'), '')
    await until(async () => (await readFile(join(directory, 'lived')).catch(() => undefined)) !== undefined)
    rmSync(join(directory, 'go'))
    rmSync(join(directory, 'lived'))
  })

  it('outlives signals to the whole group, and the program gets them', async () => {
    const run = await sh(`trap 'sleep 0.1; exit 5' HUP INT QUIT TERM; echo ready; while :; do sleep 0.01; done`)
    await until(async () => run.output().includes('ready'))

    process.kill(-run.pid, 'SIGTERM')

    expect(await run.exited).toEqual({ exitCode: 5 })
  })

  it('tells of a leader that was killed', async () => {
    const run = await sh('echo ready; sleep 0.2')
    process.kill(run.pid, 'SIGKILL')

    expect(await run.exited).toEqual({ exitCode: 137 })
  })

  it('knows the end of what runs after it was killed itself', async () => {
    const own = new Launcher(native(`launch.${process.arch}`))
    const script = `kill -9 $(ps -o ppid= -p $PPID); until [ -e ${directory}/dead ]; do sleep 0.01; done; exit 6`
    const run = await launch('/bin/sh', ['sh', '-c', script], { by: own })
    await until(async () => !own.usable)

    writeFileSync(join(directory, 'dead'), '')

    expect(await run.exited).toEqual({ exitCode: 6 })
    rmSync(join(directory, 'dead'))
  })

  it('rejects an order that came in the moment of its death, while something runs on', async () => {
    const own = new Launcher(native(`launch.${process.arch}`))
    const run = await launch('/bin/sh', ['sh', '-c', `until [ -e ${directory}/over ]; do sleep 0.01; done`], {
      by: own,
    })
    const parent = Number(readFileSync(`/proc/${run.pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1])
    process.kill(parent, 'SIGKILL')
    const late = launch('/bin/true', ['true'], { by: own })

    await expect(late).rejects.toThrow('it was killed')
    writeFileSync(join(directory, 'over'), '')
    expect(await run.exited).toEqual({ exitCode: 0 })
    rmSync(join(directory, 'over'))
  })

  it('tells of what runs when it and all leaders were killed', async () => {
    const own = new Launcher(native(`launch.${process.arch}`))
    const run = await launch('/bin/sh', ['sh', '-c', 'kill -9 $(ps -o ppid= -p $PPID) $PPID'], { by: own })

    expect(await run.exited).toMatchObject({ error: { message: 'it was killed' } })
  })

  it('ends when nobody gives orders any more', async () => {
    const script = `
      import { readFileSync } from 'node:fs'
      import { Launcher } from ${JSON.stringify(fileURLToPath(new URL('launcher.ts', import.meta.url)))}
      new Launcher(${JSON.stringify(native(`launch.${process.arch}`))})
      console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8'))`
    const pid = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim()

    expect(pid).toMatch(/^\d+$/)
    await until(async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')
      return stat.includes(') Z')
    })
  })
})
