import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A draft this old was left by a process that was killed. */
const forgottenMs = 3600 * 1000

/**
 * Makes a directory that exists whole or not at all: `fill` works on a draft beside it, which then gets its name.
 * Whoever made it first wins; a draft that lost or failed is removed.
 */
export async function makeWhole(target: { folder: string; name: string }, fill: (draft: string) => Promise<void>) {
  const path = join(target.folder, target.name)
  if (existsSync(path)) return
  const prefix = `.${target.name}-`
  await removeForgotten(target.folder, prefix)
  const draft = await mkdtemp(join(target.folder, prefix))
  try {
    await fill(draft)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(path)) throw error
  }
}

async function removeForgotten(folder: string, prefix: string): Promise<void> {
  const drafts = (await readdir(folder)).filter((name) => name.startsWith(prefix))
  for (const draft of drafts.map((name) => join(folder, name))) {
    const made = (await stat(draft).catch(() => null))?.mtimeMs ?? Date.now()
    if (Date.now() - made > forgottenMs) await rm(draft, { recursive: true, force: true })
  }
}
