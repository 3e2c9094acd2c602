import { readFileSync, statSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { decodeSource, readTree, type SourceTree } from '@orrery/config'
import { OrreryError } from '@orrery/protocol'
import { failWith } from './report.ts'

/** The text of a file, or of standard input for `-`. @throws OrreryError ORY_FILE; Diagnosed where it is not UTF-8 */
export async function readInput(file: string): Promise<string> {
  return file === '-' ? decode(await buffer(process.stdin), file) : readText(file)
}

/** @throws OrreryError ORY_FILE; Diagnosed where it is not UTF-8 */
export function readText(file: string): string {
  return decode(readBytes(file), file)
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw fileError(file, error)
  }
}

function decode(bytes: Buffer, file: string): string {
  const decoded = decodeSource(bytes, file)
  return 'text' in decoded ? decoded.text : failWith(decoded.result.diagnostics)
}

/** A folder of sources. @throws OrreryError ORY_FILE when it is none. */
export function readFolder(folder: string): SourceTree {
  try {
    if (!statSync(folder).isDirectory()) throw new OrreryError('ORY_FILE', [folder, 'it is a file, not a folder'])
    return readTree(folder)
  } catch (error) {
    throw error instanceof OrreryError ? error : fileError(folder, error)
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'it is a link to itself',
}

function fileError(path: string, error: unknown): OrreryError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  return new OrreryError('ORY_FILE', [path, reasons[code] ?? code])
}
