import type { Inspection, PathFilter } from '@orrery/config'
import { readInput } from './input.ts'

/** What the path filters of a config would decide for these changed files. @throws OrreryError ORY_FILE */
export async function readChangedFiles(file: string, inspection: Inspection): Promise<PathFilter[]> {
  const paths = (await readInput(file)).split('\n').map((line) => line.trim())
  return inspection.pathFilters(paths.filter((path) => path !== ''))
}
