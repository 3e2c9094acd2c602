/**
 * What `npm run bench` (scripts/bench.mjs) measures, where everything is prepared: how fast jobs start, steps follow each
 * other and many jobs end, held against the engine itself in the same run, interleaved, so that a slow minute of the
 * machine hits both sides. Figures go to docs/performance.md.
 */
import { parseArgs } from 'node:util'
import { cacheBench } from './cache.ts'
import { configBench } from './config.ts'
import type { Figure } from './figure.ts'
import { hostileBench } from './hostile.ts'
import { logBench } from './logs.ts'
import { parallelBench } from './parallel.ts'
import { type BenchServer, withBenchServer } from './server.ts'
import { startBench } from './start.ts'
import { stepBench } from './steps.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true, default: [] },
  },
})
const wanted = [...positionals, ...values.only]
const rounds = Number(values.rounds)
type ServedBench = (warm: BenchServer, cold: BenchServer, rounds: number) => Promise<Figure[]>
/** What is measured through servers of its own, one with a pool and one without, and what needs none. */
const served = chosen<ServedBench>({
  start: startBench,
  steps: (warm, _, count) => stepBench(warm, count),
  logs: (warm, _, count) => logBench(warm, count),
  parallel: (warm, _, count) => parallelBench(warm, count),
})
const local = chosen<(rounds: number) => Promise<Figure[]>>({
  config: configBench,
  hostile: hostileBench,
  cache: cacheBench,
})

for (const bench of local) for (const figure of await bench(rounds)) print(figure)
if (served.length > 0) {
  await withBenchServer(2, async (warm) => {
    await withBenchServer(0, async (cold) => {
      for (const bench of served) for (const figure of await bench(warm, cold, rounds)) print(figure)
    })
  })
}
process.exit(0)

function chosen<T>(benches: Record<string, T>): T[] {
  return Object.entries(benches).flatMap(([name, bench]) =>
    wanted.length === 0 || wanted.includes(name) ? [bench] : [],
  )
}

function print(figure: Figure): void {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figure)}\n`)
    return
  }
  const { name, value, unit, baseline, ratio, n } = figure
  process.stdout.write(
    `${name}: ${value.toFixed(1)} ${unit}, baseline ${baseline.toFixed(1)}, ratio ${ratio.toFixed(2)} (n=${n})\n`,
  )
}
