import { existsSync, readFileSync } from 'node:fs'

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} Report vitest's JSON
 */

/**
 * @param {string} path of vitest's JSON report
 * @returns {Report | undefined} undefined when there is none, or half of one
 */
export function readReport(path) {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * Counts tests. What went wrong outside of any test counts as a failure too: a file that could not be loaded, an error
 * that nobody caught, a run that ended without a report.
 * @param {Report | undefined} report
 * @param {number} exitCode of vitest
 * @returns {Counts}
 */
export function countResults(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of report?.testResults ?? []) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed++
      else if (status === 'failed') counts.failed++
      else counts.skipped++
    }
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) counts.failed++
  }
  if (counts.failed === 0 && (exitCode !== 0 || !report)) counts.failed = 1
  return counts
}
