import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createArchive, downloadArchive, extractArchive } from '../../packages/agent/src/archive/index.ts'
import { type Figure, figure } from './figure.ts'
import { makeTree } from './tree.ts'

const run = promisify(execFile)
const treeBytes = 500_000_000

/**
 * `cache.save`: what `save_cache` does to a `node_modules` of 500 MB in about 47,000 files before the upload: archive, compress,
 * hash. `cache.restore`: what `restore_cache` does from the first byte on: store the archive, check its hash, unpack.
 * Baselines on the same disk, alternating: `tar -c | zstd -1` to a file, and `zstd -d | tar -x`. Needs tar and zstd.
 */
export async function cacheBench(rounds: number): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'orrery-bench-cache-'))
  const saves: [number, number][] = []
  const restores: [number, number][] = []
  try {
    makeTree(join(dir, 'tree'), treeBytes)
    await createArchive([{ path: join(dir, 'tree'), name: 'tree' }], join(dir, 'warm-up'))
    for (let round = 0; round < Math.min(rounds, 5); round += 1) {
      const oursFirst = round % 2 === 1
      saves.push(
        await alternating(
          oursFirst,
          () => save(dir),
          shell(`tar -C ${dir} -cf - tree | zstd -1 -qf -o ${dir}/base.zst`),
        ),
      )
      await mkdir(join(dir, 'ours'))
      await mkdir(join(dir, 'base'))
      restores.push(
        await alternating(oursFirst, () => restore(dir), shell(`zstd -dqc ${dir}/base.zst | tar -C ${dir}/base -xf -`)),
      )
      await rm(join(dir, 'ours'), { recursive: true })
      await rm(join(dir, 'base'), { recursive: true })
      await run('sync')
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  return [figure('cache.save', 'ms', saves), figure('cache.restore', 'ms', restores)]
}

async function save(dir: string): Promise<void> {
  await createArchive([{ path: join(dir, 'tree'), name: 'tree' }], join(dir, 'ours.tar.zst'))
}

async function restore(dir: string): Promise<void> {
  const copy = join(dir, 'downloaded')
  await downloadArchive(createReadStream(join(dir, 'ours.tar.zst')), copy, Number.MAX_SAFE_INTEGER)
  const { entries, failed } = await extractArchive(copy, { into: join(dir, 'ours'), roots: [''] })
  if (failed > 0 || entries === 0) throw new Error(`${failed} of ${entries} entries could not be unpacked`)
}

function shell(script: string): () => Promise<unknown> {
  return () => run('sh', ['-c', script])
}

/** Milliseconds of both; who goes first changes, because the second finds the disk busy with what the first wrote. */
async function alternating(
  oursFirst: boolean,
  ours: () => Promise<unknown>,
  base: () => Promise<unknown>,
): Promise<[number, number]> {
  if (oursFirst) {
    const value = await time(ours)
    return [value, await time(base)]
  }
  const baseline = await time(base)
  return [await time(ours), baseline]
}

async function time(work: () => Promise<unknown>): Promise<number> {
  await run('sync')
  const start = performance.now()
  await work()
  return performance.now() - start
}
