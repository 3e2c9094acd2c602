import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { ArchiveError } from './archive-error.ts'

/**
 * Writes what arrives to `target` and hashes it on the way. Nothing is unpacked before the hash is known.
 * @throws ArchiveError `too_large` as soon as more than the announced size arrives.
 */
export async function downloadArchive(
  chunks: AsyncIterable<Buffer>,
  target: string,
  size: number,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let arrived = 0
  await using file = await open(target, 'w', 0o600)
  for await (const chunk of chunks) {
    arrived += chunk.length
    if (arrived > size) throw new ArchiveError('too_large', `the archive is larger than the ${size} bytes announced`)
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  return { size: arrived, sha256: hash.digest('hex') }
}
