import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isReportName } from '../../reports/index.ts'

export type FoundReports = {
  files: string[]
  /** The path is one file, which its owner calls a report whatever its name. */
  single: boolean
}

/**
 * Report files at or below `path` (absolute), by name. Links to files count, links to directories are not entered.
 * Undefined when `path` does not exist or is neither a file nor a directory.
 */
export async function findReports(path: string): Promise<FoundReports | undefined> {
  const top = await stat(path).catch(() => undefined)
  if (top?.isFile()) return { files: [path], single: true }
  if (!top?.isDirectory()) return undefined
  const files: string[] = []
  const stack = [path]
  for (let directory = stack.pop(); directory !== undefined; directory = stack.pop()) {
    const children = await readdir(directory, { withFileTypes: true }).catch(() => [])
    for (const child of children) {
      const file = join(directory, child.name)
      if (child.isDirectory()) stack.push(file)
      else if ((child.isFile() || child.isSymbolicLink()) && isReportName(child.name)) files.push(file)
    }
  }
  return { files: files.sort(), single: false }
}
