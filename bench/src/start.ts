import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { jobNamed, logOf, untilEnd } from '../../e2e/kit/outcome.ts'
import { type ClaimWatch, watchClaims } from './claims.ts'
import { timeDocker } from './engine.ts'
import { type Figure, figure } from './figure.ts'
import type { BenchServer } from './server.ts'

interface Start {
  /** Claim handed out → the first step's first output stored at the server (ms). */
  claim: number
  /** Push accepted → the same output at a client that follows the pipeline (ms). */
  push: number
}

/** What refilling a pool takes is not part of the next start; people push less often than this. */
const pauseMs = 1_200
/**
 * Written so that the command itself, which a log begins with, does not hold it. Its last byte is not the beginning of a
 * token, as an "e" would be: such a byte is kept until the next one tells.
 */
const command = `printf 'first%sword' -`
const output = 'first-word'

/**
 * From the claim to the first byte of the first step's output in the server's store. `start.warm`: a container of the
 * image was started ahead; `start.cold`: a runner with a pool of 0 makes one now. `push.first_line`: from the end of
 * `git push` to a client's eyes, warm. Baseline: `docker run --rm IMAGE true`, alternating.
 */
export async function startBench(warm: BenchServer, cold: BenchServer, rounds: number): Promise<Figure[]> {
  const step = `      - run: { name: First, command: "${command}" }\n`
  const [warmRepository, coldRepository] = [await warm.repository('start', step), await cold.repository('start', step)]
  const [warmClaims, coldClaims] = [await watchClaims(warm.orrery), await watchClaims(cold.orrery)]
  const pushes: [number, number][] = []
  const claims: [number, number][] = []
  const colds: [number, number][] = []
  for (let round = -1; round < rounds; round += 1) {
    await delay(pauseMs)
    const base = await timeDocker('run', '--rm', warm.image, 'true')
    const start = await measureStart(warm, warmRepository, warmClaims, round)
    await delay(pauseMs)
    const coldStart = await measureStart(cold, coldRepository, coldClaims, round)
    if (round < 0) continue // the first job pays for caches that every later one finds
    pushes.push([start.push, base])
    claims.push([start.claim, base])
    colds.push([coldStart.claim, base])
  }
  warmClaims.stop()
  coldClaims.stop()
  return [
    figure('start.warm', 'ms', claims),
    figure('start.cold', 'ms', colds),
    figure('push.first_line', 'ms', pushes),
  ]
}

async function measureStart(
  server: BenchServer,
  repository: Awaited<ReturnType<BenchServer['repository']>>,
  claims: ClaimWatch,
  round: number,
): Promise<Start> {
  const { client } = server
  await repository.commit({ round: String(round) }, `Round ${round}`)
  const before = new Set(await readdir(logs(server)).catch(() => []))
  let seen = 0
  await repository.push()
  const accepted = Date.now()
  const [pipeline] = await client.pipelines(repository.slug)
  if (!pipeline) throw new Error('the push made no pipeline')
  const result = await untilEnd(client, pipeline.id, {
    log(_job, _task, step, text) {
      if (step.name === 'First' && text.includes(output)) seen ||= Date.now()
    },
  })
  const job = await jobNamed(client, result, 'bench')
  if (!(await logOf(client, job, 'First')).endsWith(output) || !seen) throw new Error('the step gave no output')
  const [task] = (await readdir(logs(server))).filter((name) => !before.has(name))
  if (!task) throw new Error('the server stored no log')
  // The output is the last thing that was written to the log, so the file's time is that of its arrival.
  const { mtimeMs } = await stat(join(logs(server), task, '101-0.log'))
  return { claim: mtimeMs - claims.of(job.id), push: seen - accepted }
}

function logs(server: BenchServer): string {
  return join(server.orrery.dataDir, 'logs')
}
