import { Collector } from '../src/report/collector.ts'
import { parseYaml } from '../src/yaml/parse.ts'
import { SourceText } from '../src/yaml/source.ts'
import type { Random } from './random.ts'

type Mutation = (text: string, others: readonly string[], random: Random) => string

const characters = [
  ...'\0\t\n\r "\'#%&*+,-./:;<=>?@[]\\`{|}~!$()^09aZ',
  '\u{1F600}',
  '\uFEFF',
  '\uD800',
  '\u0085',
  '\x1b',
]

const values = [
  ...['', 'null', '~', '[]', '{}', '5', '-1', '2.1', 'true', '""', "''", '|', '>-', '*x', '&x', '&x 1', '!t x', '[[]]'],
  ...[
    '{a: b}',
    '"<< pipeline.number >>"',
    '<< parameters.x >>',
    '<< pipeline.parameters.x >>',
    '<<#x>>a<</x>>',
    '\\<<',
  ],
  ...[
    '<< matrix.x >>',
    '/(a+)+$/',
    'a: b',
    '- a',
    'pipeline.git.branch == "x"',
    'not true',
    '{<<: *x}',
    '99999999999999999999',
  ],
]

const keys = [
  ...[
    'version',
    'setup',
    'orbs',
    'parameters',
    'commands',
    'executors',
    'jobs',
    'workflows',
    'steps',
    'docker',
    'machine',
  ],
  ...[
    'when',
    'unless',
    'condition',
    'matrix',
    'requires',
    'filters',
    'type',
    'default',
    'enum',
    'executor',
    'run',
    'name',
  ],
  ...[
    'command',
    'environment',
    'context',
    'exclude',
    'pre-steps',
    'post-steps',
    'serial-group',
    'job-groups',
    '<<',
    'alias',
  ],
]

const lines = (text: string) => text.split('\n')
const at = (text: string, random: Random) => random.below(text.length + 1)
const indentOf = (line: string) => line.length - line.trimStart().length

/** The lines from `from` that are indented deeper than it, with itself: a key with all that is below. */
function subtree(all: readonly string[], from: number): number {
  const margin = indentOf(all[from] ?? '')
  let to = from + 1
  while (to < all.length && ((all[to] ?? '').trim() === '' || indentOf(all[to] ?? '') > margin)) to++
  return to - from
}

function edit(text: string, random: Random, change: (all: string[], line: number) => void): string {
  const all = lines(text)
  change(all, random.below(all.length))
  return all.join('\n')
}

const ofText: Mutation[] = [
  // Bytes
  (text, _, random) => splice(text, at(text, random), 1 + random.below(3), ''),
  (text, _, random) => splice(text, at(text, random), 0, random.pick(characters)),
  (text, _, random) => splice(text, at(text, random), 1, random.pick(characters)),
  (text, _, random) => text.slice(0, at(text, random)),
  // Lines
  (text, _, random) => edit(text, random, (all, line) => all.splice(line, 1)),
  (text, _, random) => edit(text, random, (all, line) => all.splice(line, 0, all[line] ?? '')),
  (text, _, random) =>
    edit(text, random, (all, line) => all.splice(line, 0, ...all.splice(random.below(all.length), 1))),
  (text, _, random) => edit(text, random, (all, line) => (all[line] = ` ${all[line]}`)),
  (text, _, random) => edit(text, random, (all, line) => (all[line] = (all[line] ?? '').replace(/^ /, ''))),
  (text, _, random) => edit(text, random, (all, line) => (all[line] = `\t${all[line]}`)),
]

const ofMeaning: Mutation[] = [
  // Tokens
  (text, _, random) => replaceToken(text, random, random.pick(values)),
  (text, _, random) => replaceToken(text, random, random.pick(keys)),
  (text, others, random) => replaceToken(text, random, random.pick(random.pick(others).match(token) ?? [''])),
  (text, _, random) =>
    edit(text, random, (all, line) => (all[line] = (all[line] ?? '').replace(/:.*$/, `: ${random.pick(values)}`))),
  // Structure
  (text, _, random) => edit(text, random, (all, line) => all.splice(line, subtree(all, line))),
  (text, _, random) =>
    edit(text, random, (all, line) => {
      const from = random.below(all.length)
      all.splice(line, 0, ...all.slice(from, from + subtree(all, from)))
    }),
  (text, others, random) =>
    edit(text, random, (all, line) => {
      const other = lines(random.pick(others))
      const from = random.below(other.length)
      const block = other.slice(from, from + Math.min(subtree(other, from), 60))
      const shift = ' '.repeat(Math.max(0, indentOf(all[line] ?? '') - indentOf(block[0] ?? '')))
      all.splice(line, 0, ...block.map((one) => shift + one))
    }),
  (text, _, random) =>
    edit(text, random, (all, line) => {
      const margin = ' '.repeat(indentOf(all[line] ?? ''))
      all.splice(line, 0, `${margin}${random.pick(keys)}: ${random.pick(values)}`)
    }),
]

const token = /[\w./@-]+|<<[^>]*>>|[^\w\s]/g

function splice(text: string, from: number, remove: number, insert: string): string {
  return text.slice(0, from) + insert + text.slice(from + remove)
}

function replaceToken(text: string, random: Random, by: string): string {
  const from = at(text, random)
  token.lastIndex = from
  const found = token.exec(text)
  return found ? splice(text, found.index, found[0].length, by) : text
}

/** How often a change that spoils the YAML is given another try. */
const tries = 4

/**
 * One to four random changes of a text; `others` lend their tokens and blocks. One text in ten is changed without care;
 * in the others a change that the parser refuses is taken back, so that what comes behind the parser is reached.
 */
export function mutate(text: string, others: readonly string[], random: Random): string {
  const careless = random.below(10) === 0
  let result = text
  for (let left = 1 + random.below(4); left > 0; left--) {
    for (let again = tries; again > 0; again--) {
      const kind = random.below(careless ? 2 : 8) === 0 ? ofText : ofMeaning
      const changed = random.pick(kind)(result, others, random)
      if (!careless && again > 1 && !parses(changed)) continue
      result = changed
      break
    }
  }
  return result
}

function parses(text: string): boolean {
  const report = new Collector()
  try {
    return parseYaml(new SourceText('config.yml', text), report) !== undefined && !report.hasErrors
  } catch {
    // Whatever is thrown here, the compile under test shall throw.
    return true
  }
}
