import { readdir, readFile } from 'node:fs/promises'

/** Process ids of the direct children of `parent` whose command line matches. */
export async function childrenOf(parent: number, pattern: RegExp): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    // the second field is the name in brackets and may hold anything; the parent is the second field after it
    const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (ppid !== parent) continue
    const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
    if (pattern.test(command)) found.push(Number(entry))
  }
  return found
}
