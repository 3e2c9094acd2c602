import { CoverageView, FileCoverage } from '@orrery/protocol'
import { z } from 'zod'

type Totals = Omit<FileCoverage, 'file'>

export const CoverageAnswer = z.object({
  items: z.array(CoverageView),
  /** Over all reports of the job. A file that several of them know counts once, with what the best of them saw of it. */
  summary: FileCoverage.omit({ file: true }),
})

/**
 * Reports say how many lines of a file ran, not which: of several (one per node, or one file in two formats) the one that
 * saw most stands for the file.
 */
export function sumOf(reports: readonly CoverageView[]): Totals {
  const best = new Map<string, FileCoverage>()
  for (const file of reports.flatMap(({ files }) => files)) {
    const known = best.get(file.file)
    if (known === undefined || file.lines.covered > known.lines.covered) best.set(file.file, file)
  }
  const total: Totals = { lines: { covered: 0, total: 0 }, branches: { covered: 0, total: 0 } }
  for (const { lines, branches } of best.values()) {
    total.lines.covered += lines.covered
    total.lines.total += lines.total
    total.branches.covered += branches.covered
    total.branches.total += branches.total
  }
  return total
}
