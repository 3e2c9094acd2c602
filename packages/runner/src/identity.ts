import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { arch, hostname, platform } from 'node:os'
import { join } from 'node:path'
import type { RunnerInfo } from '@orrery/protocol'
import { z } from 'zod'
import type { RunnerSettings } from './settings.ts'

const Stored = z.object({ id: z.uuid() })

/** Who this runner is. The id is made once: places carry it as a label, and the server knows held tasks by it. */
export async function loadIdentity(settings: RunnerSettings): Promise<RunnerInfo> {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 })
  const file = join(settings.dataDir, 'runner.json')
  const id = (await readId(file)) ?? (await createId(file))
  return {
    id,
    name: settings.name ?? hostname(),
    version: settings.version ?? '0.1.0',
    os: platform(),
    arch: arch() === 'x64' ? 'amd64' : arch(),
  }
}

async function readId(file: string): Promise<string | undefined> {
  try {
    return Stored.parse(JSON.parse(await readFile(file, 'utf8'))).id
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function createId(file: string): Promise<string> {
  const id = randomUUID()
  await writeFile(`${file}.new`, JSON.stringify({ id }), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return id
}
