import { randomUUID } from 'node:crypto'
import { open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeDirectory, syncDirectory } from '../blobs/durable.ts'

const PushRecord = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  login: z.string(),
  at: z.iso.datetime(),
  updates: z.array(z.object({ ref: z.string(), before: z.string(), after: z.string() })),
})
/** One push between git's decision to change refs and the pipelines it leads to. */
export type PushRecord = z.infer<typeof PushRecord>

/**
 * Pushes that git is carrying out. Git changes refs without our transaction, so a push is written down before and
 * crossed out after its pipelines exist; what is still there at start was cut off in between and is looked at again.
 */
export class PushJournal {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async begin(push: Omit<PushRecord, 'id'>): Promise<PushRecord> {
    const record = { ...push, id: randomUUID() }
    await makeDirectory(this.#folder)
    const file = await open(this.#path(record.id), 'wx', 0o600)
    try {
      await file.writeFile(JSON.stringify(record))
      await file.datasync()
    } finally {
      await file.close()
    }
    await syncDirectory(this.#folder)
    return record
  }

  async end(record: PushRecord): Promise<void> {
    await rm(this.#path(record.id), { force: true })
  }

  /** Oldest first. A record that was cut off while being written belongs to a push that git had not begun. */
  async open(): Promise<PushRecord[]> {
    await makeDirectory(this.#folder)
    const records: PushRecord[] = []
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      const record = PushRecord.safeParse(parseJson(await readFile(path, 'utf8')))
      if (record.success) records.push(record.data)
      else await rm(path, { force: true })
    }
    return records.sort((a, b) => a.at.localeCompare(b.at))
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
