import { readFile } from 'node:fs/promises'
import type { Namespace } from './namespace.ts'

/** 127.0.0.11 as the kernel writes it: the engine's own name server, which is in every namespace. */
const nameServer = '0B00007F:'

/**
 * Has the kernel kept nothing of the processes that were in this namespace? Their TCP connections outlive them by a
 * minute: the next job could read whom they talked to, and would find their ports in use. A namespace that cannot be
 * looked into, as the engine is in another machine or container, counts as one with traces.
 *
 * @param pid of the holder, on this host
 */
export async function hasNoTraces(pid: number | undefined, { address }: Pick<Namespace, 'address'>): Promise<boolean> {
  if (pid === undefined) return false
  try {
    const read = (name: string) => readFile(`/proc/${pid}/net/${name}`, 'utf8')
    const [addresses, ...tables] = await Promise.all([read('fib_trie'), read('tcp'), read('tcp6')])
    // The number may mean another process here.
    if (!addresses.includes(`-- ${address}\n`)) return false
    return tables.flatMap(entries).every((local) => local.startsWith(nameServer))
  } catch {
    return false
  }
}

/** Local address and port of each entry. */
function entries(table: string): string[] {
  const lines = table.split('\n').slice(1)
  return lines.flatMap((line) => line.trim().split(/\s+/, 2)[1] ?? [])
}
