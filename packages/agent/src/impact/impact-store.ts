import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type ImpactData, maxImpactBytes } from '@orrery/protocol'
import type { Uplink } from '../uplink/uplink.ts'

/** Brings documents of impact data into `folder`, where the helper reads them; each is complete or absent. */
export async function fetchImpactParts(uplink: Uplink, folder: string, parts: readonly string[]): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  // Steps may run as several users, whatever the umask of the place.
  await chmod(folder, 0o755)
  const paths: string[] = []
  for (const part of parts) {
    const path = join(folder, `${part}.json`)
    paths.push(path)
    if (await stat(path).catch(() => undefined)) continue
    // Two steps may run suites at once.
    const half = `${path}.${randomUUID()}`
    await pipeline(uplink.download(`/test-impact/parts/${part}`), createWriteStream(half, { mode: 0o644 }))
    await chmod(half, 0o644)
    await rename(half, path)
  }
  return paths
}

/** What one run of a suite found out; a second run in the same task is told from the first by its content. */
export interface ImpactUpload {
  key: string
  replaces: string[]
  data: ImpactData
}

/**
 * Stores a document. It is written to `folder`, which belongs to the agent: a path that a step could name would make the
 * agent read for it.
 */
export async function storeImpact(
  uplink: Uplink,
  folder: string,
  { key, replaces, data }: ImpactUpload,
): Promise<void> {
  const text = JSON.stringify(data)
  if (Buffer.byteLength(text) > maxImpactBytes) {
    throw new Error(`the impact data has more than ${maxImpactBytes} bytes`)
  }
  const name = `impact-${createHash('sha256')
    .update(JSON.stringify([key, replaces, data]))
    .digest('hex')
    .slice(0, 32)}`
  const path = join(folder, `${name}.json`)
  try {
    await writeFile(path, text, { mode: 0o600 })
    await uplink.upload({ kind: 'impact', name, key, replaces }, path, {})
  } finally {
    await rm(path, { force: true })
  }
}
