/** `npm run build`: the agent's bundle and the web app, where their sources changed. Node 24. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { buildAgent } from '../packages/agent/src/build.ts'
import { buildWeb } from '../packages/web/src/build.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Target {
  name: string
  /** Folder that the build fills, and a file in it that tells that it did. */
  output: string
  proof: string
  /** Files and folders that decide what is built; the lock stands for all dependencies. */
  sources: string[]
  build(output: string): Promise<unknown>
}

const shared = ['packages/protocol/src', 'package-lock.json']
const targets: Target[] = [
  {
    name: 'agent',
    output: 'packages/agent/dist',
    proof: 'agent.mjs',
    sources: ['packages/agent/src', 'packages/agent/native', ...shared],
    build: buildAgent,
  },
  {
    name: 'web app',
    output: 'packages/web/dist',
    proof: 'index.html',
    sources: ['packages/web/src', 'packages/web/public', 'packages/web/index.html', ...shared],
    build: buildWeb,
  },
]

/**
 * Builds every target whose sources are not those of its last build. `log` gets one line for each that was built.
 * Throws what the bundlers throw; a target that failed is built again next time.
 */
export async function buildAll({ log }: { log(text: string): void }): Promise<void> {
  for (const target of targets) {
    const hash = hashOf(target.sources)
    const stamp = join(root, 'node_modules/.cache/build', `${target.name.replace(' ', '-')}.hash`)
    const output = join(root, target.output)
    if (existsSync(join(output, target.proof)) && readStamp(stamp) === hash) continue
    const started = performance.now()
    await target.build(output)
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, hash)
    log(`✓ built the ${target.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
  }
}

function readStamp(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Names and bytes of all files below the sources. */
function hashOf(sources: string[]): string {
  const hash = createHash('sha256')
  for (const file of sources.flatMap(filesBelow)) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function filesBelow(path: string): string[] {
  if (!existsSync(join(root, path))) return []
  try {
    const entries = readdirSync(join(root, path), { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => filesBelow(join(path, entry.name)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [path]
    throw error
  }
}

if (import.meta.main) {
  const quiet = process.argv.includes('--quiet')
  await buildAll({ log: (text) => quiet || console.log(text) })
}
