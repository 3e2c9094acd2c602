import { statfs } from 'node:fs/promises'

/** Less room than this is none: a program that asks for a block more gets an error, ours as well as theirs. */
const leastBytes = 64 * 1024

/** The first of the paths that lies on a disk without room for bytes or for files. */
export async function fullDisk(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await statfs(path).catch(() => undefined)
    if (found === undefined) continue
    const { bavail, bsize, files, ffree } = found
    // Some file systems do not count their files.
    if (bavail * bsize < leastBytes || (files > 0 && ffree === 0)) return path
  }
  return undefined
}
