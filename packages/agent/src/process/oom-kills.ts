import { readFileSync } from 'node:fs'

/** Where the kernel counts, as seen from inside a container: unified hierarchy, then the split one. */
const counters = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control']

/** The one that counts here; null: none does. */
let counter: string | null | undefined

/**
 * How many processes of this place the kernel has killed because the memory was used up; 0 where nobody counts. Asked
 * before each step, so at once: no disk stands behind these files.
 */
export function oomKills(): number {
  if (counter === undefined) counter = counters.find((file) => read(file) !== undefined) ?? null
  return counter === null ? 0 : (read(counter) ?? 0)
}

function read(file: string): number | undefined {
  try {
    const count = /^oom_kill (?<count>\d+)$/m.exec(readFileSync(file, 'utf8'))?.groups?.['count']
    return count === undefined ? undefined : Number(count)
  } catch {
    return undefined
  }
}
