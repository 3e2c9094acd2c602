import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SyncGroup } from './sync-group.ts'

const groups = new Map<string, SyncGroup>()

/**
 * Makes the names inside a directory durable: without it a new file can be lost although its bytes were synced. Many
 * who ask at once share one sync.
 */
export async function syncDirectory(path: string): Promise<void> {
  const group = groups.get(path) ?? new SyncGroup()
  groups.set(path, group)
  try {
    await group.sync(() => syncNow(path))
  } finally {
    if (group.idle) groups.delete(path)
  }
}

async function syncNow(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Makes a directory whose own name is durable too. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first !== undefined) await syncDirectory(dirname(first))
}
