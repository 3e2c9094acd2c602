import { rename, rm, writeFile } from 'node:fs/promises'
import { type CompileResult, formatLock } from '@orrery/config'
import { OrreryError } from '@orrery/protocol'

const reasons: Record<string, string> = {
  EISDIR: 'it is a folder',
  ENOENT: 'there is no folder to write it into',
}

/** Writes a lock file whole or not at all. @throws OrreryError ORY_FILE */
export async function writeLock(path: string, entries: CompileResult['orbLock']): Promise<void> {
  const fresh = `${path}.${process.pid}`
  try {
    await writeFile(fresh, formatLock(entries))
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new OrreryError('ORY_FILE', [path, reasons[code] ?? `it cannot be written (${code})`])
  }
}
