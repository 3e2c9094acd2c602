import { type FileCoverage, mostCovered } from '@orrery/protocol'
import { repoPath } from '../reports/index.ts'

/** Lines and branches of one report that are kept in memory. */
const mostPoints = 5_000_000

type OpenFile = { lines: Map<string, boolean>; branches: Map<string, { covered: number; total: number }> }

/**
 * Sums up what a report says. A line or branch that several parts of it name (two classes of one file, two tests of one
 * line) counts once, and as covered when any of them saw it run.
 */
export class Tally {
  private readonly files = new Map<string, OpenFile>()
  private points = 0

  line(file: string, line: string, covered: boolean): void {
    const { lines } = this.open(file)
    if (!lines.has(line)) this.count()
    lines.set(line, covered || lines.get(line) === true)
  }

  /** `key` names the branch, or the line whose branches these are. */
  branches(file: string, key: string, covered: number, total: number): void {
    const { branches } = this.open(file)
    const known = branches.get(key)
    if (known === undefined) this.count()
    branches.set(key, { covered: Math.max(covered, known?.covered ?? 0), total: Math.max(total, known?.total ?? 0) })
  }

  /** By name. A file without lines is in it too: the report knows it. */
  sums(): FileCoverage[] {
    return [...this.files]
      .map(([file, { lines, branches }]) => ({
        file,
        lines: { covered: [...lines.values()].filter(Boolean).length, total: lines.size },
        branches: [...branches.values()].reduce(
          (sum, one) => ({
            covered: Math.min(mostCovered, sum.covered + Math.min(one.covered, one.total)),
            total: Math.min(mostCovered, sum.total + one.total),
          }),
          { covered: 0, total: 0 },
        ),
      }))
      .sort((a, b) => (a.file < b.file ? -1 : 1))
  }

  open(file: string): OpenFile {
    const name = repoPath(file.replaceAll('\\', '/'))
    const known = this.files.get(name)
    if (known !== undefined) return known
    const made: OpenFile = { lines: new Map(), branches: new Map() }
    this.count()
    this.files.set(name, made)
    return made
  }

  private count(): void {
    this.points++
    if (this.points > mostPoints) throw new Error(`it names more than ${mostPoints} lines and branches`)
  }
}
