import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { SourceTree, TreeFile } from '../pack/source-tree.ts'
import { decodeSource } from '../report/decode.ts'

const maxFiles = 10_000
const maxDepth = 32
const maxFileBytes = 4 * 1024 * 1024

/**
 * A folder on disk as a tree of sources. Nothing outside of it is ever read: a link is followed only to a file inside,
 * a linked folder not at all. Files are read when packing asks for them.
 *
 * @throws the file system's error (ENOENT, ENOTDIR, EACCES) when the folder itself cannot be read.
 */
export function readTree(folder: string, name: string = folder): SourceTree {
  const root = realpathSync(folder)
  const refused = new Map<string, string>()
  const paths: string[] = []
  list(root, '', 0, paths, refused)
  return {
    name: name.replace(/\/+$/, ''),
    paths,
    read: (path) => {
      const reason = refused.get(path)
      return reason === undefined ? readInside(root, path) : { refused: reason }
    },
  }
}

function list(root: string, prefix: string, depth: number, paths: string[], refused: Map<string, string>): void {
  for (const entry of readdirSync(join(root, prefix), { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`
    if (paths.length >= maxFiles) {
      paths.push(path)
      refused.set(path, `the folder holds more than ${maxFiles} files`)
      return
    }
    if (entry.isDirectory()) {
      // Hidden folders are no part of any pack.
      if (!entry.name.startsWith('.') && depth < maxDepth) list(root, `${path}/`, depth + 1, paths, refused)
    } else {
      paths.push(path)
      const reason = refusal(root, path, entry)
      if (reason !== undefined) refused.set(path, reason)
    }
  }
}

function refusal(root: string, path: string, entry: Dirent): string | undefined {
  if (entry.isFile()) return undefined
  if (!entry.isSymbolicLink()) return 'it is not a regular file'
  try {
    const target = realpathSync(join(root, path))
    if (!target.startsWith(root + sep)) return 'it is a link that leads out of the folder'
    return statSync(target).isFile() ? undefined : 'it is a link to something that is not a file'
  } catch {
    return 'it is a link that leads nowhere'
  }
}

/** One file of a folder given by its real path; undefined when there is none. */
export function readInside(root: string, path: string): TreeFile | undefined {
  try {
    const target = realpathSync(join(root, path))
    // Checked at the time of reading too: the folder may change under us.
    if (!target.startsWith(root + sep)) return { refused: 'it is a link that leads out of the folder' }
    const stat = statSync(target)
    if (!stat.isFile()) return undefined
    if (stat.size > maxFileBytes) return { refused: `it is larger than ${maxFileBytes} bytes` }
    const decoded = decodeSource(readFileSync(target), path)
    if ('text' in decoded) return decoded
    const { line, column } = decoded.result.diagnostics[0]?.range.start ?? { line: 1, column: 1 }
    return { refused: `it is not UTF-8 text: line ${line}, column ${column}` }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    return { refused: `it cannot be read (${code})` }
  }
}
