import { lstatSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CacheLookupAnswer, type SaveCacheStep } from '@orrery/protocol'
import {
  type ArchiveSource,
  type ArchiveSummary,
  codeOf,
  createArchive,
  formatSize,
  independentSources,
  reasonOf,
  receiptOf,
  skippedLines,
} from '../../archive/index.ts'
import { renderStepKey } from '../../key-template/index.ts'
import { UplinkError } from '../../uplink/uplink.ts'
import { failed, type StepContext, type StepResult, succeeded } from '../step.ts'

/**
 * Stores files under a key that no cache has yet (spec: execution.md 11.1). A key that cannot be rendered, paths that
 * are missing, files that change while they are read and, unless the installation says otherwise, a server that refuses
 * the upload or a full disk are messages, not failures: a job must not fail for lack of a cache.
 */
export async function execute(step: SaveCacheStep, context: StepContext): Promise<StepResult> {
  const rendered = await renderStepKey(step.key, context)
  if (!rendered.ok) {
    context.write(`Error computing cache key: ${rendered.error}\nSkipping cache storage.\n`)
    return succeeded
  }
  const { key } = rendered
  try {
    if (await isStored(key, context)) return succeeded
    return await store(key, step.paths, context)
  } catch (error) {
    const reason = refusalOf(error)
    if (reason === undefined) throw error
    const { cacheUploadMustSucceed = false } = context.spec
    context.write(`${cacheUploadMustSucceed ? 'Error' : 'Warning'}: the cache could not be stored: ${reason}\n`)
    return cacheUploadMustSucceed ? failed : succeeded
  }
}

/** Why the server, or the disk that the archive is made on, did not take it; undefined when it is another fault. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof UplinkError) return error.status === 410 ? undefined : error.message
  const code = codeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT' ? reasonOf(error) : undefined
}

async function isStored(key: string, context: StepContext): Promise<boolean> {
  const { hit } = await context.uplink.json('POST', '/caches/lookup', { exact: key }, CacheLookupAnswer)
  if (hit === null) return false
  context.write(
    `Skipping cache generation, cache already exists for key: ${key}\n` +
      `Found one created by build ${hit.jobNumber} at ${hit.createdAt}\n`,
  )
  return true
}

async function store(key: string, paths: readonly string[], context: StepContext): Promise<StepResult> {
  const { sources, skipped } = existing(paths, context)
  context.write(skippedLines(skipped))
  if (sources.length === 0) {
    context.write(`No cache is stored for key: ${key}\nNone of its paths exists.\n`)
    return succeeded
  }
  const archive = join(context.tmp, `${context.step}-${context.attempt}-cache.tar.zst`)
  try {
    context.write('Creating cache archive...\n')
    const summary = await createArchive(sources, archive, context.signal)
    context.write(skippedLines(summary.skipped))
    const unfit = unfitness(summary)
    if (unfit !== undefined) {
      context.write(`No cache is stored for key: ${key}\n${unfit}\n`)
      return succeeded
    }
    context.write(`Uploading cache archive (${formatSize(summary.size)})...\n`)
    const stored = sources.map(({ path }) => path)
    const name = `${context.step}-${context.attempt}-cache`
    const request = { kind: 'cache' as const, name, key, paths: stored }
    const { outcome } = await context.uplink.upload(request, archive, { receipt: receiptOf(summary) })
    if (outcome === 'exists') {
      context.write(`Another job stored a cache for this key meanwhile; that one is kept: ${key}\n`)
      return succeeded
    }
    context.write(`Stored Cache to ${key}\n${stored.map((path) => `  * ${path}\n`).join('')}`)
    return succeeded
  } finally {
    await rm(archive, { force: true })
  }
}

/** Why nobody would want the archive: it could not be replaced for as long as its key lives. */
function unfitness({ files, skipped }: ArchiveSummary): string | undefined {
  if (skipped.some(({ loss }) => loss === 'damaged')) return 'Files changed while they were read.'
  return files.length === 0 && skipped.some(({ loss }) => loss === 'missing') ? 'Nothing of it can be read.' : undefined
}

/** Literal paths, no globs; archived with their absolute location, minus the leading `/` as tar has it. */
function existing(paths: readonly string[], context: StepContext) {
  const found: ArchiveSource[] = []
  const missing: { path: string; reason: string }[] = []
  for (const given of paths) {
    const path = resolve(context.resolvePath(given))
    try {
      lstatSync(path)
      found.push({ path, name: path.slice(1) })
    } catch (error) {
      missing.push({ path, reason: `skipped: ${reasonOf(error)}` })
    }
  }
  const { sources, skipped } = independentSources(found)
  return { sources, skipped: [...missing, ...skipped] }
}
