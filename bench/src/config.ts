import { performance } from 'node:perf_hooks'
import { parseDocument } from 'yaml'
import { compile, defaultCompileOptions, noOrbs, type OrbResolver } from '../../packages/config/src/index.ts'
import { Collector } from '../../packages/config/src/report/collector.ts'
import { corpusConfigs, corpusOrbs, hasCorpus } from '../../packages/config/src/testing/corpus.ts'
import { parseYaml } from '../../packages/config/src/yaml/parse.ts'
import { SourceText } from '../../packages/config/src/yaml/source.ts'
import { type Figure, figure, median } from './figure.ts'

const pipelineValues = {
  'pipeline.id': 'x',
  'pipeline.number': 7,
  'pipeline.git.branch': 'main',
  'pipeline.git.tag': '',
}

/**
 * `config.*`: compiling a config, warm, until its compiled text is there to be stored. Baseline: parsing the same text
 * alone, to the tree with positions that the compiler works on and by its own parser; for `config.corpus_yaml` by the
 * `yaml` package, the usual way to such a tree. Real configs are measured where a checkout has them beside it: all of them,
 * those too whose orbs are nowhere and whose compile ends early; `config.corpus_compiled` are the others alone. Orbs are
 * read once for many compiles, as in a server; `config.corpus_cold_orbs` reads them for each. Each of these goes through
 * the corpus by itself: what another one leaves behind, in memory and in the compiler's own store of orbs, is not its own.
 */
export async function configBench(rounds: number): Promise<Figure[]> {
  const figures = hasCorpus ? await corpusFigures(rounds) : []
  for (const jobs of [2500, 5000, 10_000]) figures.push(await single(`config.jobs${jobs}_ms`, chain(jobs), 5))
  figures.push(await single('config.matrix1000_ms', matrix(), rounds))
  return figures
}

type Base = (text: string) => unknown

const ownParser: Base = (text) => parseYaml(new SourceText('config.yml', text), new Collector())
const yamlPackage: Base = (text) => parseDocument(text, { logLevel: 'silent' })

/** Times in milliseconds for one text. */
interface Times {
  compile: number
  base: number
  ok: boolean
}

async function corpusFigures(rounds: number): Promise<Figure[]> {
  const configs = corpusConfigs()
  const orbs = corpusOrbs()
  const go = async (resolver: OrbResolver, base: Base) => {
    const perFile: Times[][] = []
    for (const { text } of configs) perFile.push(await repeat(text, rounds, base, resolver))
    return perFile
  }
  const warm = await go(orbs, ownParser)
  const cold = await go(changing(orbs), ownParser)
  const yaml = await go(orbs, yamlPackage)
  const largest = configs.reduce(
    (most, { text }, at) => (text.length > (configs[most]?.text.length ?? 0) ? at : most),
    0,
  )
  return [
    figure('config.corpus', 'ms', pairs(warm.map(typical))),
    figure('config.corpus_compiled', 'ms', pairs(warm.map(typical).filter(({ ok }) => ok))),
    figure('config.corpus_cold_orbs', 'ms', pairs(cold.map(typical))),
    figure('config.corpus_yaml', 'ms', pairs(yaml.map(typical))),
    figure('config.largest_ms', 'ms', pairs(warm[largest] ?? [])),
  ]
}

/** Measures a text a number of times. */
async function repeat(text: string, rounds: number, base: Base, orbs: OrbResolver): Promise<Times[]> {
  const times: Times[] = []
  // The first two are for the orbs to be packed and the code to be warm.
  for (let round = -2; round < rounds; round++) {
    const one = await measure(text, base, orbs)
    if (round >= 0) times.push(one)
  }
  return times
}

/** The medians of one text's rounds. */
function typical(times: readonly Times[]): Times {
  const middle = (of: 'compile' | 'base') => median(times.map((one) => one[of]))
  return { compile: middle('compile'), base: middle('base'), ok: times.every(({ ok }) => ok) }
}

let changes = 0

/** The same orbs with texts that were never there before: each is read and checked anew. */
function changing(orbs: OrbResolver): OrbResolver {
  return {
    resolve: async (reference) => {
      const found = await orbs.resolve(reference)
      return found.ok ? { ...found, text: `${found.text}\n# ${changes++}\n` } : found
    },
  }
}

function pairs(times: Times[]): [ours: number, base: number][] {
  return times.map((one) => [one.compile, one.base])
}

async function single(name: string, text: string, rounds: number): Promise<Figure> {
  const times: Times[] = []
  await measure(text, ownParser)
  for (let round = 0; round < rounds; round++) times.push(await measure(text, ownParser))
  return figure(name, 'ms', pairs(times))
}

async function measure(written: string, base: Base, orbResolver: OrbResolver = noOrbs): Promise<Times> {
  // A text of its own, as each push brings one: nothing that the engine remembers of an earlier one helps.
  const text = Buffer.from(written).toString()
  const began = performance.now()
  base(text)
  const read = performance.now()
  const options = { ...defaultCompileOptions, undeclaredPipelineParams: 'null' as const, maxJobsPerWorkflow: 10_000 }
  const source = { text, file: 'config.yml' }
  const result = await compile({ source, pipelineValues, pipelineArgs: {}, phase: 'initial', orbResolver, options })
  // The engine puts a text together when it is first read.
  Buffer.byteLength(result.compiled ?? '')
  return { compile: performance.now() - read, base: read - began, ok: result.ok }
}

/** Jobs of which each requires the one before, in one workflow. */
function chain(count: number): string {
  const all = Array.from({ length: count }, (_, index) => index)
  const jobs = all.map(
    (n) => `  job-${n}:\n    docker: [{image: "cimg/base:current"}]\n    steps: [checkout, run: make ${n}]\n`,
  )
  const entries = all.map((n) => (n === 0 ? '      - job-0\n' : `      - job-${n}: {requires: [job-${n - 1}]}\n`))
  return `version: 2.1\njobs:\n${jobs.join('')}workflows:\n  w:\n    jobs:\n${entries.join('')}`
}

/** One job in a thousand combinations of three parameters. */
function matrix(): string {
  const ten = '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]'
  return `version: 2.1
jobs:
  test:
    parameters: {a: {type: integer}, b: {type: integer}, c: {type: integer}}
    docker: [{image: "cimg/base:<< parameters.a >>"}]
    steps: [checkout, run: make << parameters.b >> << parameters.c >>]
workflows:
  w:
    jobs:
      - test: {matrix: {parameters: {a: ${ten}, b: ${ten}, c: ${ten}}}}
`
}
