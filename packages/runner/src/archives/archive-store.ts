import { createHash, type Hash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises'
import { join } from 'node:path'

interface Kept {
  size: number
  /** Milliseconds since 1970. */
  usedAt: number
}

/** This part of the disk stays free, whatever the bound says: jobs need it more. */
const freeShare = 10
const nameShape = /^[0-9a-f]{64}$/
const incomingName = 'incoming'

/**
 * Archives of caches and workspaces that came through this runner, as files named by their SHA-256, so that the next
 * job here that restores the same one needs no download. Bounded: the longest unused make way. What is in it was
 * verified on its way in; no place sees the directory, and what may be read is the server's decision each time.
 *
 * Nothing depends on it: whatever goes wrong here leaves the download as it would have been.
 */
export class ArchiveStore {
  readonly #directory: string
  readonly #mostBytes: number
  readonly #kept: Map<string, Kept>
  /** On their way in. They count as if they were there. */
  readonly #arriving = new Map<string, number>()

  private constructor(directory: string, mostBytes: number, kept: Map<string, Kept>) {
    this.#directory = directory
    this.#mostBytes = mostBytes
    this.#kept = kept
  }

  /** Takes up what an earlier runner kept; what it had not finished, and what is over the bound now, is removed. */
  static async open(directory: string, mostBytes: number): Promise<ArchiveStore> {
    const incoming = join(directory, incomingName)
    await rm(incoming, { recursive: true, force: true })
    await mkdir(incoming, { recursive: true, mode: 0o700 })
    const kept: [string, Kept][] = []
    for (const name of await readdir(directory)) {
      if (!nameShape.test(name)) continue
      const { size, mtimeMs } = await stat(join(directory, name))
      kept.push([name, { size, usedAt: mtimeMs }])
    }
    const store = new ArchiveStore(directory, mostBytes, new Map(kept))
    await store.#makeRoom()
    return store
  }

  /** The archive, opened for reading by the caller who closes it; undefined when it is not here. */
  async find(sha256: string): Promise<{ file: FileHandle; size: number } | undefined> {
    const kept = this.#kept.get(sha256)
    if (kept === undefined) return undefined
    try {
      const path = join(this.#directory, sha256)
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      const now = new Date()
      kept.usedAt = now.getTime()
      // The order survives a restart of the runner.
      await utimes(path, now, now).catch(() => undefined)
      return { file, size: kept.size }
    } catch {
      this.#kept.delete(sha256)
      return undefined
    }
  }

  /** Room for an archive that is about to arrive; undefined when it is not to be kept. */
  async receive(sha256: string, size: number): Promise<Arrival | undefined> {
    if (!nameShape.test(sha256) || this.#kept.has(sha256) || this.#arriving.has(sha256)) return undefined
    if (size > this.#mostBytes) return undefined
    this.#arriving.set(sha256, size)
    try {
      await this.#makeRoom()
      const { bavail, blocks, bsize } = await statfs(this.#directory)
      if (bavail * bsize - size < (blocks * bsize) / freeShare) throw new Error('the disk is nearly full')
      const path = join(this.#directory, incomingName, randomUUID())
      const file = await open(path, 'wx', 0o600)
      return new Arrival(file, { sha256, size }, async (whole) => {
        this.#arriving.delete(sha256)
        if (!whole) return await rm(path, { force: true })
        await rename(path, join(this.#directory, sha256))
        this.#kept.set(sha256, { size, usedAt: Date.now() })
      })
    } catch {
      this.#arriving.delete(sha256)
      return undefined
    }
  }

  /** The file was read and is not what its name says. */
  async remove(sha256: string): Promise<void> {
    this.#kept.delete(sha256)
    await rm(join(this.#directory, sha256), { force: true }).catch(() => undefined)
  }

  async #makeRoom(): Promise<void> {
    const sizes = [...this.#arriving.values(), ...[...this.#kept.values()].map(({ size }) => size)]
    let used = sizes.reduce((sum, size) => sum + size, 0)
    const oldestFirst = [...this.#kept].sort(([, a], [, b]) => a.usedAt - b.usedAt)
    for (const [sha256, { size }] of oldestFirst) {
      if (used <= this.#mostBytes) return
      // A reader that has it open reads on.
      await this.remove(sha256)
      used -= size
    }
    if (used > this.#mostBytes) throw new Error('all the room is taken by archives on their way')
  }
}

/** One archive on its way into the store. */
export class Arrival {
  readonly #file: FileHandle
  readonly #expected: { sha256: string; size: number }
  readonly #settle: (whole: boolean) => Promise<void>
  readonly #hash: Hash = createHash('sha256')
  #size = 0
  #broken = false
  #ended: Promise<void> | undefined

  constructor(file: FileHandle, expected: { sha256: string; size: number }, settle: (whole: boolean) => Promise<void>) {
    this.#file = file
    this.#expected = expected
    this.#settle = settle
  }

  /** Never rejects: an archive that the disk does not take is not kept. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length
    this.#broken ||= this.#size > this.#expected.size
    if (this.#broken) return
    this.#hash.update(bytes)
    try {
      await this.#file.writeFile(bytes)
    } catch {
      this.#broken = true
    }
  }

  /** Keeps the archive when all of it came and is what was announced; else nothing of it stays. Safe to repeat; never rejects. */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    const { sha256, size } = this.#expected
    const whole = !this.#broken && this.#size === size && this.#hash.digest('hex') === sha256
    await this.#file.close().catch(() => undefined)
    await this.#settle(whole).catch(() => undefined)
  }
}
