import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { jobNamed, untilEnd } from '../../e2e/kit/outcome.ts'
import type { Repository } from '../../e2e/kit/repository.ts'
import { type Figure, figure } from './figure.ts'
import { agentSpeed } from './masking.ts'
import { processesLike, type Used, usedBy } from './processes.ts'
import type { BenchServer } from './server.ts'

const lines = 2_000_000
const line = 'compiling src/components/main/navigation.tsx: 14 modules, 3 warnings'
/** Lines of a build's length, as fast as a small program can make them. */
const fill = `yes '${line}' | head -n ${lines}`
/** A terminal makes two bytes of a line's end. */
const bytes = lines * (line.length + 2)
const secrets = 50
/** The bar for the agent's memory, MB. */
const memoryBar = 150

/**
 * | figure | ours | baseline |
 * |---|---|---|
 * | `log.mb_per_s` | from the start of a step that prints 142 MB until the server has it and has proven its hash | the same program under `docker run`, its output read to the end |
 * | `log.pty_floor_mb_per_s` | the same | the same program on a terminal whose other side `script` reads and throws away |
 * | `log.cpu_s_per_gb` | agent, runner and server together | `script` and the program |
 * | `log.agent_rss_mb`, `log.runner_rss_mb` | largest resident memory | 150 MB |
 * | `log.masked_ratio` | the agent alone with 50 secrets to mask | without any |
 */
export async function logBench(server: BenchServer, rounds: number): Promise<Figure[]> {
  const repository = await server.repository('logs', `      - run: { name: Fill, command: "${fill}" }\n`)
  const speeds: [number, number][] = []
  const floors: [number, number][] = []
  const work: [number, number][] = []
  const agents: [number, number][] = []
  const runners: [number, number][] = []
  const costs: [number, number][] = []
  for (let round = 0; round < Math.min(rounds, 5); round += 1) {
    const ours = await throughServer(server, repository, round)
    const floor = await throughTerminal()
    speeds.push([ours.speed, await throughEngine(server.image)])
    floors.push([ours.speed, floor.speed])
    work.push([ours.cpuS / (bytes / 1e9), floor.cpuS / (bytes / 1e9)])
    agents.push([ours.agentMb, memoryBar])
    runners.push([ours.runnerMb, memoryBar])
    costs.push([await agentSpeed(fill, secrets), await agentSpeed(fill, 0)])
  }
  return [
    figure('log.mb_per_s', 'MB/s', speeds),
    figure('log.pty_floor_mb_per_s', 'MB/s', floors),
    figure('log.cpu_s_per_gb', 's/GB', work),
    figure('log.agent_rss_mb', 'MB', agents),
    figure('log.runner_rss_mb', 'MB', runners),
    figure('log.masked_ratio', 'MB/s', costs),
  ]
}

async function throughServer(server: BenchServer, repository: Repository, round: number) {
  const watched = new Map([server.orrery.pid, await server.orrery.runnerPid()].map((pid) => [pid, new Watch()]))
  const runner = await server.orrery.runnerPid()
  const agents = new Map<number, Watch>()
  const find = async (): Promise<void> => {
    for (const pid of await processesLike(/agent\.mjs (?:run|wait) /))
      if (!agents.has(pid)) agents.set(pid, new Watch())
  }
  const look = async (): Promise<void> => {
    for (const [pid, watch] of [...watched, ...agents]) watch.note(await usedBy(pid))
  }
  // Either the agent of this round waits in the pool already, or it is there in a second. Looking for it all the time
  // would cost more than it does.
  await find()
  const late = setTimeout(() => void find(), 1_000)
  await look()
  const timer = setInterval(() => void look(), 200)
  const pipeline = await repository.pipeline({ round: String(round) })
  let ended = 0
  const result = await untilEnd(server.client, pipeline.id, {
    jobChanged() {
      ended = Date.now()
    },
  })
  clearInterval(timer)
  clearTimeout(late)
  await look()
  const job = await jobNamed(server.client, result, 'bench')
  const step = job.tasks[0]?.steps.find(({ name }) => name === 'Fill')
  if (!step?.startedAt || step.logBytes < bytes) throw new Error(`the log has ${step?.logBytes} bytes`)
  const watches = [...watched.values(), ...agents.values()]
  return {
    speed: bytes / 1e3 / (ended - Date.parse(step.startedAt)),
    cpuS: watches.reduce((sum, watch) => sum + watch.cpuS, 0),
    agentMb: Math.max(...[...agents.values()].map(({ peakMb }) => peakMb)),
    runnerMb: watched.get(runner)?.peakMb ?? 0,
  }
}

/** What a process used between the first and the last look at it. */
class Watch {
  peakMb = 0
  #first: number | undefined
  #last = 0

  note(used: Used | undefined): void {
    if (used === undefined) return
    this.#first ??= used.cpuS
    this.#last = used.cpuS
    this.peakMb = used.peakMb
  }

  get cpuS(): number {
    return this.#last - (this.#first ?? this.#last)
  }
}

/** The least that a reader of a terminal can do, in a small program without a runtime. */
async function throughTerminal(): Promise<{ speed: number; cpuS: number }> {
  const timed = `TIMEFORMAT='%R %U %S'; time script -qefc "$1" /dev/null > /dev/null`
  const { stderr } = await promisify(execFile)('bash', ['-c', timed, 'bash', fill])
  const [wallS = 0, userS = 0, systemS = 0] = stderr.trim().split(' ').map(Number)
  return { speed: bytes / 1e6 / wallS, cpuS: userS + systemS }
}

async function throughEngine(image: string): Promise<number> {
  const child = spawn('docker', ['run', '--rm', image, 'sh', '-c', fill], { stdio: ['ignore', 'pipe', 'inherit'] })
  let seen = 0
  let first = 0
  let last = 0
  child.stdout.on('data', (chunk: Buffer) => {
    last = performance.now()
    first ||= last
    seen += chunk.length
  })
  await once(child, 'close')
  if (seen !== bytes - lines) throw new Error(`the engine gave ${seen} bytes`)
  return bytes / 1e3 / (last - first)
}
