import { lstat, readdir } from 'node:fs/promises'
import { type Automaton, accepts, advance, compileGlob, type State, startOf } from './automaton.ts'
import { expandBraces } from './braces.ts'

/**
 * Paths that a pattern with `*`, `**`, `?`, `[a-z]` and `{a,b}` stands for, written as the pattern is: relative to the
 * current directory, or absolute (spec: execution.md 15.2). Linked directories are not entered, except by their name;
 * what cannot be read holds no match. Only directories that can still lead to a match are read.
 */
export async function glob(pattern: string): Promise<string[]> {
  const found = new Set<string>()
  const byBase = new Map<string, Automaton[]>()
  for (const plain of expandBraces(pattern)) {
    const { base, rest } = splitBase(plain)
    if (rest === '') {
      if (base !== '' && (await exists(base))) found.add(base)
    } else byBase.set(base, [...(byBase.get(base) ?? []), compileGlob(rest)])
  }
  for (const [base, automata] of byBase) await walk(base, automata, found)
  return [...found]
}

/** The directories that the pattern names outright, with their slash, and what is left; all of it when nothing is. */
function splitBase(pattern: string): { base: string; rest: string } {
  const meta = /(?<!\\)[*?[]/.exec(pattern)
  const end = meta === null ? pattern.length : pattern.lastIndexOf('/', meta.index) + 1
  return { base: pattern.slice(0, end).replace(/\\(.)/gs, '$1'), rest: pattern.slice(end) }
}

interface Directory {
  path: string
  states: readonly State[]
}

async function walk(base: string, automata: readonly Automaton[], found: Set<string>): Promise<void> {
  const open: Directory[] = [{ path: base, states: automata.map(startOf) }]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const entries = await readdir(at.path === '' ? '.' : at.path, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = at.path + entry.name
      const states = move(automata, at.states, entry.name, true)
      if (automata.some((one, index) => accepts(one, states[index] ?? none))) found.add(path)
      if (!entry.isDirectory()) continue
      const inside = move(automata, states, '/', false)
      if (inside.some((state) => state.size > 0)) open.push({ path: `${path}/`, states: inside })
    }
  }
}

const none: State = new Set()

function move(automata: readonly Automaton[], states: readonly State[], text: string, atStart: boolean): State[] {
  return automata.map((one, index) => advance(one, states[index] ?? none, text, atStart))
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}
