import { untilEnd } from '../../e2e/kit/outcome.ts'
import { timeDocker } from './engine.ts'
import { type Figure, figure } from './figure.ts'
import type { BenchServer } from './server.ts'

const count = 20

/**
 * `jobs.parallel20`: 20 jobs of one step that become ready together, from the end of `git push` until the last has ended.
 * Baseline: 20 `docker run --rm IMAGE true` started together.
 */
export async function parallelBench(server: BenchServer, rounds: number): Promise<Figure[]> {
  const repository = await server.repository('parallel', "      - run: 'true'\n", count)
  const pairs: [number, number][] = []
  for (let round = -1; round < Math.min(rounds, 5); round += 1) {
    const before = performance.now()
    await Promise.all(Array.from({ length: count }, () => timeDocker('run', '--rm', server.image, 'true')))
    const base = performance.now() - before
    await repository.commit({ round: String(round) }, `Round ${round}`)
    await repository.push()
    const accepted = performance.now()
    const [pipeline] = await server.client.pipelines(repository.slug)
    if (!pipeline) throw new Error('the push made no pipeline')
    await untilEnd(server.client, pipeline.id)
    if (round >= 0) pairs.push([performance.now() - accepted, base])
  }
  return [figure('jobs.parallel20', 'ms', pairs)]
}
