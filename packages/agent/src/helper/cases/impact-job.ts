import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ImpactAnswer, ImpactData, type TestSelection } from '@orrery/protocol'
import { type ControlHandler, openControl } from '../../control/server.ts'
import type { Run, Workplace } from './harness.ts'

/** What the server keeps of a project's suites, held by a test: the documents, the oldest word first. */
export class ImpactShelf {
  parts: { id: string; text: string }[] = []

  get data(): ImpactData[] {
    return this.parts.map(({ text }) => ImpactData.parse(JSON.parse(text)))
  }

  /** Which atoms there is data about. */
  get atoms(): string[] {
    return [...new Set(this.data.flatMap(({ edges }) => Object.keys(edges)))].toSorted()
  }

  /** The files that an atom used, by the newest word. */
  filesOf(atom: string): string[] {
    const newest = this.data.findLast(({ edges }) => edges[atom] !== undefined)
    return (newest?.edges[atom] ?? []).map((id) => newest?.files[String(id)]?.path ?? '').toSorted()
  }
}

export interface JobFacts {
  builds?: ImpactAnswer['builds']
  failed?: ImpactAnswer['failed']
  rerunFailedOf?: string
  /** Results of earlier runs, in the notation of `results.json`. */
  results?: readonly object[]
  args?: readonly string[]
  nodes?: number
  /** The documents that the node which asks as the nth gets to see; another pipeline may store some in between. */
  seen?: (parts: string[], nth: number) => string[]
}

/** Runs a suite as a job of the default or of another branch would: its nodes beside each other, with one agent. */
export async function runJob(place: Workplace, shelf: ImpactShelf, facts: JobFacts = {}): Promise<Run[]> {
  const { builds = 'branch', failed = [], nodes = 1, args = [], rerunFailedOf } = facts
  const data = join(place.root, '.data')
  mkdirSync(join(data, 'parts'), { recursive: true })
  const selections = new Map<string, TestSelection>()
  // What is replaced meanwhile is still read.
  const known = shelf.parts.map(({ id }) => id)
  for (const { id, text } of shelf.parts) writeFileSync(join(data, 'parts', id), text)
  let asked = 0
  const answer: ControlHandler = async (request) => {
    switch (request.command) {
      case 'earlier-results':
        return { ok: true, results: facts.results ? writeResults(data, facts.results) : null, rerunFailedOf }
      case 'impact':
        asked += 1
        return { ok: true, impact: { builds, parts: facts.seen?.(known, asked) ?? known, failed } }
      case 'impact-parts':
        return { ok: true, paths: request.parts.map((part) => join(data, 'parts', part)) }
      case 'agree-on-tests': {
        const key = `${request.suite} ${request.question}`
        selections.set(key, selections.get(key) ?? request.selection)
        return { ok: true, selection: selections.get(key) }
      }
      case 'store-impact':
        shelf.parts = shelf.parts.filter(({ id }) => !request.replaces.includes(id))
        shelf.parts.push({ id: randomUUID(), text: JSON.stringify(request.data) })
        return { ok: true }
      default:
        return { ok: false, error: `${request.command} is none of this test` }
    }
  }
  const control = await openControl(join(data, 'agent.sock'), answer)
  try {
    const env = (index: number) => ({ CIRCLE_NODE_INDEX: `${index}`, CIRCLE_NODE_TOTAL: `${nodes}` })
    return await Promise.all(
      Array.from({ length: nodes }, (_, index) =>
        place.circleciBeside(['testsuite', 'run', 's', ...args], { ...env(index), CIRCLE_INTERNAL_TASK_DATA: data }),
      ),
    )
  } finally {
    control.close()
  }
}

function writeResults(data: string, tests: readonly object[]): string {
  const path = join(data, 'results.json')
  writeFileSync(path, JSON.stringify({ tests }))
  return path
}
