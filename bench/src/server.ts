import { Orrery } from '../../e2e/kit/orrery.ts'
import { Repository } from '../../e2e/kit/repository.ts'
import type { ApiClient } from '../../packages/cli/src/client/api.ts'

export interface BenchServer {
  orrery: Orrery
  client: ApiClient
  /** A repository whose config has a job `bench` on `image` with these steps, `count` times in its workflow. */
  repository(name: string, steps: string, count?: number): Promise<Repository>
  /** The local image behind the config's name: what the baseline runs. */
  image: string
}

/** An `orrery up` of its own with its own data directory, removed afterwards. `pool`: containers started ahead. */
export async function withBenchServer(pool: number, body: (server: BenchServer) => Promise<void>): Promise<void> {
  await using orrery = await Orrery.start({ settings: { pool, limits: { logBytesPerStep: 2 ** 32 } } })
  await body({
    orrery,
    client: await orrery.client(),
    image: 'orrery/base:bookworm',
    repository: (name, steps, count = 1) =>
      Repository.create(orrery, name, {
        '.circleci/config.yml': `version: 2.1\njobs:\n  bench:\n    docker: [{ image: 'cimg/base:2024.02' }]\n    steps:\n${steps}workflows: { main: { jobs: [${jobs(count)}] } }\n`,
      }),
  })
}

function jobs(count: number): string {
  if (count === 1) return 'bench'
  return Array.from({ length: count }, (_, index) => `{ bench: { name: bench-${index} } }`).join(', ')
}
