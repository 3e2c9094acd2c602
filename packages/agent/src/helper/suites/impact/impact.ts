import { createHash } from 'node:crypto'
import { type ImpactAnswer, maxImpactBytes, type TestSelection } from '@orrery/protocol'
import { OrreryError } from '@orrery/protocol/errors'
import { askAgent, taskData } from '../../ask-agent.ts'
import { warn } from '../../say.ts'
import { compareBytes, share } from '../../share.ts'
import type { Earlier } from '../../tests/earlier.ts'
import type { SplitOptions } from '../../tests/split-options.ts'
import { timeNames } from '../../tests/timings.ts'
import type { TestSuite } from '../schema.ts'
import { AnalysisError, analyzeAtoms } from './analyze.ts'
import { Checkout } from './checkout.ts'
import { failedBefore } from './failed-atoms.ts'
import { ImpactIndex, readImpact } from './impact-index.ts'
import { allOf, selectAtoms } from './select.ts'
import { globsOf, type Watched, watch } from './watched.ts'

/** What `--run-tests` and `--analyze-tests` may be. */
export type Extent = 'impacted' | 'none' | 'all'
export interface Extents {
  run: Extent
  analyze: Extent
}

/** The impact data of one suite in a job, as the agent hands it out. */
export class Impact {
  readonly suite: TestSuite
  readonly #data: string
  readonly #answer: ImpactAnswer
  #index: Promise<ImpactIndex> | undefined
  #checkout: Promise<Checkout> | undefined
  #watched: Promise<Watched> | undefined

  private constructor(suite: TestSuite, data: string, answer: ImpactAnswer) {
    this.suite = suite
    this.#data = data
    this.#answer = answer
  }

  /** Undefined where there is none: the suite does not use it, or no agent is there. */
  static async open(suite: TestSuite): Promise<Impact | undefined> {
    const data = taskData()
    if (!suite.options['test-impact-analysis'] || data === undefined) return undefined
    const answer = await askAgent(data, { command: 'impact', key: keyOf(suite) })
    return answer?.impact && new Impact(suite, data, answer.impact)
  }

  get builds(): ImpactAnswer['builds'] {
    return this.#answer.builds
  }

  /**
   * Which atoms run, the same for all nodes of the job: whichever comes first decides, from the data it sees then, and
   * the others take its word (spec: execution.md 16.3).
   */
  async select(atoms: readonly string[], extent: Extents, earlier: Earlier): Promise<TestSelection> {
    const question = JSON.stringify([extent.run, extent.analyze, ...atoms.toSorted(compareBytes)])
    const answer = await askAgent(this.#data, {
      command: 'agree-on-tests',
      suite: this.suite.name,
      question: createHash('sha1').update(question).digest('hex'),
      selection: await this.#propose(atoms, extent, earlier),
    })
    if (answer?.selection === undefined) throw unreachable()
    return answer.selection
  }

  async #propose(atoms: readonly string[], extent: Extents, earlier: Earlier): Promise<TestSelection> {
    const [index, checkout] = await Promise.all([this.#known(), this.#files()])
    const used = new Set(atoms.flatMap((atom) => index.edges.get(atom) ?? []))
    const paths = [...used].flatMap((number) => index.files[number]?.path ?? [])
    const found = selectAtoms({
      suite: this.suite,
      atoms,
      index,
      hashes: checkout.hashAll(paths),
      watched: await this.#watch(),
      failed: failedBefore(atoms, this.#answer.failed, earlier),
    })
    const stale = extent.analyze === 'all' ? [...atoms] : extent.analyze === 'none' ? [] : found.stale
    if (extent.run === 'impacted') return { ...found, stale }
    return { ...allOf(extent.run === 'all' ? atoms : [], `--run-tests is ${extent.run}`), stale }
  }

  /**
   * Analyzes this node's part of the stale atoms and stores what it found. The first node also keeps what is known about
   * all other atoms and the files of the globs, and lets the documents go that it has read: so there is one document for
   * each node, and none of them waits for another. Answers whether anything was found out; what went wrong is a warning.
   */
  async analyze(
    atoms: readonly string[],
    stale: readonly string[],
    options: SplitOptions,
    earlier: Earlier,
  ): Promise<boolean> {
    const mine = shareOf(stale, options, earlier)
    warn(`Analyzing ${mine.length} of ${stale.length} test atoms on this node`)
    const checkout = await this.#files()
    const found = new ImpactIndex()
    let well = true
    try {
      const analyzed = mine.length === 0 ? new Map() : await analyzeAtoms(this.suite, mine, checkout)
      for (const [atom, files] of analyzed) found.setEdges(atom, files)
      well = mine.length === 0 || analyzed.size > 0
    } catch (error) {
      if (!(error instanceof AnalysisError)) throw error
      warn(`Warning: the suite cannot be analyzed: ${error.message}`)
      well = false
    }
    const keeps = options.index === 0
    if (keeps) await this.#keepOthers(found, atoms, stale)
    const isWorthIt = found.edges.size > 0 || found.globs.size > 0
    return (!isWorthIt || (await this.#store(found, keeps ? this.#answer.parts : []))) && well
  }

  async #keepOthers(found: ImpactIndex, atoms: readonly string[], stale: readonly string[]): Promise<void> {
    const [index, watched] = await Promise.all([this.#known(), this.#watch()])
    const analyzed = new Set(stale)
    for (const atom of atoms) {
      const numbers = index.edges.get(atom)
      if (numbers !== undefined && !analyzed.has(atom)) found.setEdges(atom, index.filesOf(numbers))
    }
    for (const [glob, files] of watched) found.setGlob(glob, files)
  }

  /** The tests have run: what cannot be kept is a warning. */
  async #store(found: ImpactIndex, replaces: readonly string[]): Promise<boolean> {
    const data = found.toData()
    const size = Buffer.byteLength(JSON.stringify(data))
    try {
      if (size > maxImpactBytes) throw new Error(`it has ${size} bytes, at most ${maxImpactBytes} are kept`)
      await askAgent(this.#data, { command: 'store-impact', key: keyOf(this.suite), replaces: [...replaces], data })
    } catch (error) {
      warn(`Warning: the impact data is not stored: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
    warn(`Stored impact data about ${found.edges.size} test atoms`)
    return true
  }

  #known(): Promise<ImpactIndex> {
    this.#index ??= this.#read()
    return this.#index
  }

  async #read(): Promise<ImpactIndex> {
    const answer = await askAgent(this.#data, { command: 'impact-parts', parts: this.#answer.parts })
    if (answer?.paths === undefined) throw unreachable()
    return await readImpact(answer.paths)
  }

  /** As it is before the tests run: what they leave behind is no change of the next commit. */
  #watch(): Promise<Watched> {
    this.#watched ??= this.#files().then((checkout) => watch(globsOf(this.suite), checkout))
    return this.#watched
  }

  #files(): Promise<Checkout> {
    this.#checkout ??= Checkout.open()
    return this.#checkout
  }
}

/** The log of a selection: each selected atom with its reason, and how many are skipped. */
export function tellSelection({ selected, skipped }: TestSelection): void {
  const reasons = new Set(selected.map(({ reason }) => reason))
  const [only] = reasons
  if (only !== undefined && reasons.size === 1 && skipped.length === 0) {
    warn(`All ${selected.length} test atoms are selected: ${only}`)
    return
  }
  for (const { atom, reason } of selected) warn(`  ${atom}: ${reason}`)
  warn(`Selected ${selected.length} of ${selected.length + skipped.length} test atoms`)
}

function keyOf({ options }: TestSuite): string {
  return options['impact-key'] ?? 'default'
}

/** By known times where there are any. Every node computes the same partition. */
function shareOf(stale: readonly string[], options: SplitOptions, earlier: Earlier): string[] {
  const timed = timeNames(stale, earlier.tests, { type: options.timingsType, defaultSeconds: options.defaultSeconds })
  const items = timed.ok ? timed.items : stale.map((name) => ({ name, weight: 1 }))
  return share(items, options.index, options.total).toSorted(compareBytes)
}

function unreachable(): OrreryError {
  return new OrreryError('ORY_OUTSIDE_JOB', ['the agent of the job cannot be reached'])
}
