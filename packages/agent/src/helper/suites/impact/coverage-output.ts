import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { readLcov } from '../../../coverage/lcov.ts'
import { Tally } from '../../../coverage/tally.ts'
import { usesPlaceholder } from '../commands.ts'
import type { Checkout } from './checkout.ts'
import { goModules, pathInModule } from './go-modules.ts'

/** What an `analysis` command can write (spec: execution.md 16.1). */
export type CoverageOutput = 'outputs.lcov' | 'outputs.go-coverage' | 'outputs.circleci-coverage'
const coverageOutputs: readonly CoverageOutput[] = ['outputs.circleci-coverage', 'outputs.lcov', 'outputs.go-coverage']

/** More than any run of tests has to say; held in memory. */
const mostBytes = 256 * 1024 * 1024

export function coverageOutputOf(analysis: string): CoverageOutput | undefined {
  return coverageOutputs.find((name) => usesPlaceholder(analysis, name))
}

/** Paths of checkout files that one atom used. Throws with a reason for people when the output cannot be read. */
export async function filesInCoverage(
  output: Exclude<CoverageOutput, 'outputs.circleci-coverage'>,
  path: string,
  checkout: Checkout,
): Promise<string[]> {
  const found = (await stat(path).catch(() => undefined))?.size ?? 0
  if (found === 0) throw new Error('it wrote no coverage')
  if (found > mostBytes) throw new Error(`its coverage has more than ${mostBytes} bytes`)
  const names = output === 'outputs.lcov' ? await namesInLcov(path) : await namesInGoCoverage(path, checkout)
  return await pathsOf(names, checkout)
}

/** A file counts once a line of it ran: some tools name all files there are. */
async function namesInLcov(path: string): Promise<string[]> {
  const tally = new Tally()
  if (!(await readLcov(createReadStream(path), tally))) throw new Error('its coverage is no LCOV trace file')
  return tally
    .sums()
    .filter(({ lines }) => lines.covered > 0)
    .map(({ file }) => file)
}

/** `<import path>/<file>:<from>,<to> <statements> <count>` below a line `mode: …`. */
async function namesInGoCoverage(path: string, checkout: Checkout): Promise<string[]> {
  const text = await readFile(path, 'utf8')
  if (!text.startsWith('mode: ')) throw new Error('its coverage is no Go cover profile')
  const names = new Set<string>()
  for (const line of text.split('\n').slice(1)) {
    const [, name, count] = /^(.+):\d+\.\d+,\d+\.\d+ \d+ (\d+)$/.exec(line.trim()) ?? []
    if (name !== undefined && Number(count) > 0) names.add(name)
    else if (name === undefined && line.trim() !== '' && !line.startsWith('mode: ')) {
      throw new Error(`its coverage has a line that is none: ${JSON.stringify(line.slice(0, 80))}`)
    }
  }
  const modules = await goModules(checkout)
  return [...names].map((name) => pathInModule(name, modules))
}

/** File → test → true, or the lines that ran, as older plugins write. A test without lines did not touch the file. */
const CircleciCoverage = z.record(
  z.string(),
  z.record(
    z.string(),
    z
      .union([z.literal(true), z.array(z.unknown()).min(1)])
      .optional()
      .catch(undefined),
  ),
)

/** What a single pass over all atoms tells about each of them. */
export interface SinglePass {
  files: Map<string, string[]>
  /** Tests in the output that belong to no atom. */
  strangers: number
  /** Files in the output that are not in the checkout. */
  outside: number
}

/**
 * The document of the coverage plugins: `{"<file>": {"<scope>!!<scope>…|run": true}}`. The scopes go from the test file to
 * the single test, each qualified by those before it; every one that is an atom used the file.
 */
export async function readCircleciCoverage(
  path: string,
  atoms: readonly string[],
  checkout: Checkout,
): Promise<SinglePass> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size === 0) throw new Error('it wrote no coverage')
  if (size > mostBytes) throw new Error(`its coverage has more than ${mostBytes} bytes`)
  const document = CircleciCoverage.safeParse(parseJson(await readFile(path, 'utf8'))).data
  if (document === undefined) throw new Error('its coverage is no document of files and their tests')
  const known = new Map(atoms.flatMap((atom) => [atom, dotless(atom)].map((key): [string, string] => [key, atom])))
  const files = new Map<string, string[]>()
  const strangers = new Set<string>()
  let outside = 0
  for (const [name, tests] of Object.entries(document)) {
    const file = await checkout.pathOf(name)
    if (file === undefined) outside += 1
    for (const [test, touched] of Object.entries(tests)) {
      if (touched === undefined) continue
      const owners = ownersOf(test, known)
      if (owners.length === 0) strangers.add(test)
      if (file === undefined) continue
      for (const owner of owners) {
        const list = files.get(owner)
        if (list === undefined) files.set(owner, [file])
        else if (list.at(-1) !== file) list.push(file)
      }
    }
  }
  return { files, strangers: strangers.size, outside }
}

function ownersOf(test: string, known: ReadonlyMap<string, string>): string[] {
  const end = test.lastIndexOf('|')
  const scopes = (end === -1 ? test : test.slice(0, end)).split('!!')
  return [...new Set(scopes.flatMap((scope) => known.get(dotless(scope)) ?? []))]
}

function dotless(name: string): string {
  return name.startsWith('./') ? name.slice(2) : name
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function pathsOf(names: readonly string[], checkout: Checkout): Promise<string[]> {
  const paths = await Promise.all(names.map((name) => checkout.pathOf(name)))
  const found = new Set(paths.filter((path) => path !== undefined))
  if (names.length > 0 && found.size === 0) {
    throw new Error(`none of its ${names.length} files is in the checkout, for example ${JSON.stringify(names[0])}`)
  }
  return [...found]
}
