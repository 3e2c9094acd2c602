/**
 * `npm run fuzz -- [--runs N] [--seed S] [--from I]`: compiles mutated real configs, where a checkout has them beside it.
 * A finding is told with its seed and index; `--seed S --from I --runs 1` repeats it.
 */
import { parseArgs } from 'node:util'
import { corpusConfigs, corpusOrbs, hasCorpus } from '../src/testing/corpus.ts'
import { runCampaign } from './campaign.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    largest: { type: 'string', default: '30000' },
  },
})
if (!hasCorpus) {
  console.log('No real configs lie beside this checkout: nothing to do.')
  process.exit(0)
}
const texts = corpusConfigs()
  .map((one) => one.text)
  .filter((text) => text.length <= Number(values.largest))
const seed = Number(values.seed)
const started = performance.now()
const outcome = await runCampaign({
  seed,
  from: Number(values.from),
  runs: Number(values.runs),
  texts,
  orbs: corpusOrbs(),
})
const seconds = (performance.now() - started) / 1000
console.log(
  `${outcome.runs} mutated configs of ${texts.length} in ${seconds.toFixed(0)} s: ${outcome.compiled} compile, ` +
    `the slowest took ${outcome.slowestMs.toFixed(0)} ms, ${outcome.findings.length} findings`,
)
const codes = [...outcome.codes].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`)
console.log(codes.join(', '))
for (const { index, problem } of outcome.findings) console.log(`\nseed ${seed}, index ${index}: ${problem}`)
process.exitCode = outcome.findings.length > 0 ? 1 : 0
