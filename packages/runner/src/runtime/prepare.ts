import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, chmod, copyFile, link, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { arch, execPath } from 'node:process'
import { pipeline } from 'node:stream/promises'
import { cachedDataVersionTag } from 'node:v8'
import { OrreryError, shieldedVariables } from '@orrery/protocol'
import { holdProgram } from './hold.ts'
import { findLibraries } from './libraries.ts'
import { makeSnapshot, snapshotSource } from './snapshot.ts'

export interface RuntimeSources {
  /** Where runtimes are kept; one directory per content. */
  outDir: string
  /**
   * The agent's build: `agent.mjs`, `circleci.mjs` and their chunks, `launch.<arch>` for the architectures that have one,
   * and `agent.cjs` where there shall be a snapshot.
   */
  agentDir: string
  /** Default: the Node that runs this program. */
  nodeBinary?: string
  /** Default: from the pseudo-terminal package of this platform. */
  ptyBinary?: string
}

/**
 * Lays out what every place sees as /orrery (place.ts of the protocol) and answers its directory, `<outDir>/<hash>`.
 * The hash is over all contents: the same sources give the same directory, a changed agent gives another, and places
 * that still run keep theirs. Files are stored once under `<outDir>/files` and linked. Throws ORY_RUNTIME.
 */
export async function prepareRuntime(sources: RuntimeSources): Promise<string> {
  try {
    return await prepare(sources)
  } catch (error) {
    throw new OrreryError('ORY_RUNTIME', [error instanceof Error ? error.message : String(error)], { cause: error })
  }
}

/** One file of the runtime: its place in there, and the blob that holds its bytes. */
interface Entry {
  path: string
  sha256: string
  source: string | Buffer
}

async function prepare({ outDir, agentDir, nodeBinary, ptyBinary }: RuntimeSources): Promise<string> {
  const node = await realpath(nodeBinary ?? execPath)
  const pty = await realpath(ptyBinary ?? findPty())
  const { loader, files } = await findLibraries([node, pty])
  const built = await readdir(agentDir)
  const modules = built.filter((name) => name.endsWith('.mjs') || name === snapshotSource).sort()
  if (!modules.includes('agent.mjs')) throw new Error(`${agentDir} holds no agent.mjs`)

  const launcher = `launch.${arch}`
  const wanted: [path: string, source: string | Buffer][] = [
    ['rt/ld.so', loader],
    ['rt/node', node],
    ['rt/pty.node', pty],
    ['rt/hold', holdProgram(arch)],
    ...(built.includes(launcher) ? [['rt/launch', join(agentDir, launcher)] satisfies [string, string]] : []),
    ...[...files].map(([name, path]): [string, string] => [`rt/${name}`, path]),
    ...modules.map((name): [string, string] => [name, join(agentDir, name)]),
    ['bin/circleci', wrapper],
    ['bin/circleci-agent', wrapper],
  ]
  const entries = await Promise.all(
    wanted.map(async ([path, source]): Promise<Entry> => ({ path, source, sha256: await hashOf(source) })),
  )
  // A snapshot is of this processor and this version: on another machine the same files give another directory.
  const listing = [...entries.map(({ path, sha256 }) => `${sha256} ${path}\n`).sort(), String(cachedDataVersionTag())]
  const hash = createHash('sha256').update(listing.join('')).digest('hex').slice(0, 32)
  const directory = join(outDir, hash)
  if (await exists(directory)) return directory
  await layOut(outDir, directory, entries)
  return directory
}

/**
 * The in-job helper must work in any image and with any environment: loader and libraries are our own, and variables
 * that would keep them from starting go by another name, from which the helper restores them for its children.
 */
const wrapper = Buffer.from(
  [
    '#!/bin/sh',
    `for orrery_name in ${shieldedVariables.join(' ')}; do`,
    '  eval "orrery_value=\\${$orrery_name-}"',
    '  if [ -n "$orrery_value" ]; then export "ORRERY_KEPT_$orrery_name=$orrery_value"; unset "$orrery_name"; fi',
    'done',
    'exec /orrery/rt/ld.so --library-path /orrery/rt /orrery/rt/node /orrery/circleci.mjs "$@"',
    '',
  ].join('\n'),
)

function findPty(): string {
  return createRequire(import.meta.url).resolve(`@lydell/node-pty-linux-${arch}/pty.node`)
}

/** Complete or absent: made beside and renamed. Two processes that make the same one both succeed. */
async function layOut(outDir: string, directory: string, entries: readonly Entry[]): Promise<void> {
  const temporary = join(outDir, `.new-${randomUUID()}`)
  try {
    for (const entry of entries) {
      const blob = await storeBlob(outDir, entry)
      const target = join(temporary, entry.path)
      await mkdir(dirname(target), { recursive: true })
      await link(blob, target)
    }
    if (entries.some(({ path }) => path === snapshotSource)) await makeSnapshot(temporary)
    for (const path of [temporary, join(temporary, 'rt'), join(temporary, 'bin')]) await chmod(path, 0o755)
    await rename(temporary, directory)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (!(await exists(directory))) throw error
  }
}

/**
 * A copy, not a link to the source: its mode is changed, and an upgrade that writes into the source's file would
 * change the program under running jobs.
 */
async function storeBlob(outDir: string, { sha256, source }: Entry): Promise<string> {
  const blob = join(outDir, 'files', sha256)
  if (await exists(blob)) return blob
  const temporary = `${blob}.${randomUUID()}`
  await mkdir(dirname(blob), { recursive: true })
  if (typeof source === 'string') await copyFile(source, temporary)
  else await writeFile(temporary, source)
  await chmod(temporary, 0o555)
  // Not a rename: two processes at once must end up with one file, not with the later one over the earlier.
  await link(temporary, blob).catch(async (error: unknown) => {
    if (!(await exists(blob))) throw error
  })
  await rm(temporary)
  return blob
}

async function hashOf(source: string | Buffer): Promise<string> {
  const hash = createHash('sha256')
  if (typeof source === 'string') await pipeline(createReadStream(source), hash)
  else hash.update(source)
  return hash.digest('hex')
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
