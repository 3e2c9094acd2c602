import { jobNamed, untilEnd } from '../../e2e/kit/outcome.ts'
import { idleContainer, removeContainer, timeDocker } from './engine.ts'
import { type Figure, figure } from './figure.ts'
import type { BenchServer } from './server.ts'

const count = 100

/** `step.further_ms`: one more `run: true` step, out of 100 in a job. Baseline: `docker exec CONTAINER true`. */
export async function stepBench(server: BenchServer, rounds: number): Promise<Figure[]> {
  const repository = await server.repository('steps', "      - run: 'true'\n".repeat(count))
  const container = await idleContainer(server.image)
  const pairs: [number, number][] = []
  try {
    for (let round = 0; round < Math.min(rounds, 5); round += 1) {
      const execs: number[] = []
      for (let call = 0; call < 10; call += 1) execs.push(await timeDocker('exec', container, 'true'))
      const base = execs.sort((a, b) => a - b)[5] ?? Number.NaN
      const pipeline = await repository.pipeline({ round: String(round) })
      const result = await untilEnd(server.client, pipeline.id)
      const job = await jobNamed(server.client, result, 'bench')
      const steps = job.tasks[0]?.steps.filter((step) => step.step > 100) ?? []
      const begin = Date.parse(steps[0]?.startedAt ?? '')
      const end = Date.parse(steps.at(-1)?.endedAt ?? '')
      if (steps.length !== count) throw new Error(`${steps.length} steps of ${count}`)
      pairs.push([(end - begin) / count, base])
    }
  } finally {
    await removeContainer(container)
  }
  return [figure('step.further_ms', 'ms', pairs)]
}
