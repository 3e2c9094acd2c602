import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { reasonOf } from '../archive/index.ts'

/**
 * Base64 of the SHA-256 of a file's bytes, in the URL-safe alphabet with padding (spec: execution.md 11.3). The file is
 * streamed. A directory, a device or a missing file is an error.
 */
export async function fileChecksum(path: string): Promise<{ ok: true; sum: string } | { ok: false; error: string }> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) return { ok: false, error: `${path} is not a file` }
    const hash = createHash('sha256')
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 }))
      hash.update(chunk)
    return { ok: true, sum: hash.digest('base64').replaceAll('+', '-').replaceAll('/', '_') }
  } catch (error) {
    return { ok: false, error: `open ${path}: ${reasonOf(error)}` }
  }
}
