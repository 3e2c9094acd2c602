import { link, mkdir, open, readdir, rename, stat, unlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { OrreryError } from '@orrery/protocol'
import type { BlobStore, ByteRange } from './blob-store.ts'
import { makeDirectory, syncDirectory } from './durable.ts'

const keyShape = /^[0-9a-f]{2}\/[0-9a-f]{64}$/
/** A blob this young may belong to an upload whose commit is still under way. */
const graceMs = 24 * 3600 * 1000
const trashName = 'trash'

/** Blobs as files `<root>/<first two digits>/<sha256>`. */
export class DiskBlobs implements BlobStore {
  readonly #root: string
  readonly #clock: { now(): Date }

  constructor(root: string, clock: { now(): Date } = { now: () => new Date() }) {
    this.#root = root
    this.#clock = clock
  }

  async adopt(file: string, sha256: string): Promise<string> {
    const key = `${sha256.slice(0, 2)}/${sha256}`
    const path = this.#path(key)
    await makeDirectory(dirname(path))
    await linkUnlessThere(file, path)
    // An old blob that is adopted again is young again. A sweep may take it away between the two calls.
    const now = this.#clock.now()
    await utimes(path, now, now).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
      return linkUnlessThere(file, path)
    })
    await syncDirectory(dirname(path))
    return key
  }

  async open(key: string, range?: ByteRange): Promise<Readable> {
    try {
      const file = await open(this.#path(key), 'r')
      return file.createReadStream({ autoClose: true, ...range })
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new OrreryError('ORY_NOT_FOUND', ['Blob'])
      throw error
    }
  }

  /**
   * Each blob without a name moves to the trash first and is asked for once more there: a commit that named it meanwhile
   * gets it back. What a killed sweep left in the trash is decided by the next one.
   */
  async sweep(named: (keys: string[]) => Promise<ReadonlySet<string>>): Promise<number> {
    const trash = join(this.#root, trashName)
    await mkdir(trash, { recursive: true, mode: 0o700 })
    for (const shard of await readdir(this.#root)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue
      const keys = (await readdir(join(this.#root, shard))).map((name) => `${shard}/${name}`)
      const kept = await named(keys)
      for (const key of keys) if (!kept.has(key)) await this.#discard(key)
    }
    return this.#emptyTrash(named)
  }

  async #discard(key: string): Promise<void> {
    if (!keyShape.test(key)) return
    const path = this.#path(key)
    try {
      const { mtime } = await stat(path)
      if (this.#clock.now().getTime() - mtime.getTime() >= graceMs) await rename(path, this.#trashPath(key))
    } catch (error) {
      unlessGone(error)
    }
  }

  async #emptyTrash(named: (keys: string[]) => Promise<ReadonlySet<string>>): Promise<number> {
    const keys = (await readdir(join(this.#root, trashName))).map((name) => `${name.slice(0, 2)}/${name}`)
    const kept = await named(keys)
    for (const key of keys) {
      const path = this.#trashPath(key)
      if (kept.has(key)) await linkUnlessThere(path, this.#path(key)).catch(unlessGone)
      await unlink(path).catch(unlessGone)
    }
    return keys.length - kept.size
  }

  #path(key: string): string {
    if (!keyShape.test(key)) throw new OrreryError('ORY_NOT_FOUND', ['Blob'])
    return join(this.#root, key)
  }

  #trashPath(key: string): string {
    return join(this.#root, trashName, key.slice(3))
  }
}

async function linkUnlessThere(file: string, path: string): Promise<void> {
  await link(file, path).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
}

/** Another server that shares the store was faster. */
function unlessGone(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
