import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

export interface Keys {
  /** Encrypts variables at rest. */
  secretKey: Buffer
  /** Signs every token and session. */
  tokenKey: Buffer
}

const key = z.base64().transform((text) => Buffer.from(text, 'base64'))
const KeysFile = z.object({
  secretKey: key.refine((bytes) => bytes.length === 32),
  tokenKey: key.refine((bytes) => bytes.length === 32),
})

/**
 * Reads `<dataDir>/keys.json`, or makes it (0600). Losing this file loses all stored secrets and ends all sessions, so
 * a damaged file is an error and never replaced.
 */
export async function loadKeys(dataDir: string): Promise<Keys> {
  const path = join(dataDir, 'keys.json')
  const found = await readKeys(path)
  if (found) return found
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const fresh = () => randomBytes(32).toString('base64')
  await writeOnce(path, `${JSON.stringify({ secretKey: fresh(), tokenKey: fresh() })}\n`)
  const made = await readKeys(path)
  if (!made) throw new Error(`${path} vanished while it was being made`)
  return made
}

async function readKeys(path: string): Promise<Keys | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return KeysFile.parse(JSON.parse(text))
  } catch {
    // No cause: the parser's message could quote key material.
    throw new Error(`${path} is damaged; restore it from a backup`)
  }
}

/** Two servers may start at once on one data directory: `link` lets exactly one of them win. */
export async function writeOnce(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
}
