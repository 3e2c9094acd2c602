import { rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { maxReportBytes, type StoreTestResultsStep } from '@orrery/protocol'
import { readReport } from '../../reports/index.ts'
import { type StepContext, type StepResult, succeeded } from '../step.ts'
import { type FoundReports, findReports } from './find-reports.ts'
import { ResultFile } from './result-file.ts'

/**
 * Reads test reports and uploads their results (spec: execution.md 14.1). A missing path, an empty
 * directory and a broken report are messages; failed tests are the business of the step that ran them.
 */
export async function execute(step: StoreTestResultsStep, context: StepContext): Promise<StepResult> {
  const path = resolve(context.resolvePath(step.path))
  if (basename(path).startsWith('.')) context.write(`Warning: ${path} is a hidden directory or file\n`)
  const found = await findReports(path)
  if (found === undefined || found.files.length === 0) {
    context.write(`No test results found at ${path}\n`)
    return succeeded
  }
  const file = join(context.tmp, `${context.step}-${context.attempt}-tests.ndjson`)
  try {
    const kept = await collect(found, file, context)
    if (kept === 0) {
      context.write(`No test results found at ${path}\n`)
      return succeeded
    }
    const name = `${context.step}-${context.attempt}-tests`
    await context.uplink.upload({ kind: 'tests', name }, file, {})
    context.write(`Uploaded ${kept} test ${kept === 1 ? 'result' : 'results'}\n`)
    return succeeded
  } finally {
    await rm(file, { force: true })
  }
}

async function collect(found: FoundReports, target: string, context: StepContext): Promise<number> {
  using results = new ResultFile(target, maxReportBytes)
  context.write('Reading test results\n')
  for (const report of found.files) {
    context.signal.throwIfAborted()
    const outcome = await readReport(report, (test) => results.add(test))
    if (outcome.ok) context.write(`  ${report}: ${outcome.tests} tests\n`)
    else if (!('foreign' in outcome)) {
      const rest = outcome.tests > 0 ? `; the ${outcome.tests} tests before are kept` : ''
      context.write(`Error: ${report} is broken: ${outcome.error}${rest}\n`)
    } else if (found.single) context.write(`Error: ${report} is no test report\n`)
  }
  results.flush()
  if (results.dropped > 0) {
    context.write(`Warning: ${results.dropped} results are left out: more than ${maxReportBytes} bytes\n`)
  }
  return results.kept
}
