import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCoverageName, readCoverage } from '../../coverage/index.ts'
import { UplinkError } from '../../uplink/uplink.ts'
import type { StepContext } from '../step.ts'
import type { FoundArtifact } from './find-artifacts.ts'

/** Reports of one step; a monorepo has one per package. */
const mostReports = 200

/**
 * Coverage reports among the artifacts are read and their sums stored with the job, so that it can show them. The artifact
 * itself is stored already: nothing here fails the step.
 */
export async function storeCoverage(artifacts: readonly FoundArtifact[], context: StepContext): Promise<void> {
  const candidates = artifacts.filter(({ path }) => isCoverageName(path)).slice(0, mostReports)
  for (const [index, { file, path }] of candidates.entries()) {
    context.signal.throwIfAborted()
    const outcome = await readCoverage(file)
    if (outcome.ok) {
      const rows = join(context.tmp, `${context.step}-${context.attempt}-coverage.ndjson`)
      const name = `${context.step}-${context.attempt}-coverage-${index}`
      try {
        await writeFile(rows, outcome.files.map((one) => `${JSON.stringify(one)}\n`).join(''))
        await context.uplink.upload({ kind: 'coverage', name, report: path, format: outcome.format }, rows, {})
        context.write(`Read coverage of ${outcome.files.length} files from ${path}\n`)
      } catch (error) {
        if (!(error instanceof UplinkError) || error.status === 410) throw error
        context.write(`Note: the coverage in ${path} could not be stored: ${error.message}\n`)
      } finally {
        await rm(rows, { force: true })
      }
    } else if (!('foreign' in outcome))
      context.write(`Note: ${path} is no readable coverage report: ${outcome.error}\n`)
  }
}
