import { rm } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { type CacheHit, CacheLookupAnswer, type RestoreCacheStep } from '@orrery/protocol'
import { ArchiveError, downloadArchive, extractArchive, failureLines, formatSize } from '../../archive/index.ts'
import { renderStepKey } from '../../key-template/index.ts'
import { UplinkError } from '../../uplink/uplink.ts'
import { failed, type StepContext, type StepResult, succeeded } from '../step.ts'

/**
 * Restores the newest cache of the first key that has any (spec: execution.md 11.2). No cache, a key that cannot be
 * rendered, an archive that is lost or damaged in the store: messages. Files that cannot be written: a failure.
 */
export async function execute(step: RestoreCacheStep, context: StepContext): Promise<StepResult> {
  const keys = await renderAll(step.keys, context)
  const hit = await find(keys, context)
  // The server looks the keys up in order, so the first one that the hit begins with is the one that found it.
  const matched = hit === null ? -1 : keys.findIndex((key) => hit.key.startsWith(key))
  const misses = matched < 0 ? keys : keys.slice(0, matched)
  context.write(misses.map((key) => `No cache is found for key: ${key}\n`).join(''))
  if (hit === null) return succeeded
  context.write(
    `Found a cache from build ${hit.jobNumber} at ${hit.key}\nSize: ${formatSize(hit.size)}\n` +
      `Cached paths:\n${hit.paths.map((path) => `  * ${path}\n`).join('')}\n`,
  )
  const archive = join(context.tmp, `${context.step}-${context.attempt}-cache.tar.zst`)
  try {
    return (await download(hit, archive, context)) ? await unpack(hit, archive, context) : succeeded
  } finally {
    await rm(archive, { force: true })
  }
}

async function renderAll(templates: readonly string[], context: StepContext): Promise<string[]> {
  const keys: string[] = []
  for (const template of templates) {
    const rendered = await renderStepKey(template, context)
    if (rendered.ok) keys.push(rendered.key)
    else context.write(`error computing cache key: ${rendered.error}\n`)
  }
  return keys
}

async function find(keys: string[], context: StepContext): Promise<CacheHit | null> {
  if (keys.length === 0) return null
  return (await context.uplink.json('POST', '/caches/lookup', { keys }, CacheLookupAnswer)).hit
}

/** False when the archive cannot be had: lost in the store, or not the bytes that were stored. */
async function download(hit: CacheHit, archive: string, context: StepContext): Promise<boolean> {
  context.write('Downloading cache archive...\n')
  try {
    const chunks = context.uplink.download(`/caches/${hit.cacheId}`)
    const arrived = await downloadArchive(chunks, archive, hit.size)
    context.write('Validating cache...\n')
    if (arrived.sha256 === hit.sha256) return true
    context.write('Warning: the cache archive is damaged in the store; going on without it.\n')
  } catch (error) {
    if (!(error instanceof ArchiveError) && !(error instanceof UplinkError && error.status !== 410)) throw error
    context.write(`Warning: the cache archive cannot be had: ${error.message}; going on without it.\n`)
  }
  return false
}

async function unpack(hit: CacheHit, archive: string, context: StepContext): Promise<StepResult> {
  context.write('\nUnarchiving cache...\n')
  const roots = hit.paths.map((path) => normalize(path).replace(/^\/+|\/+$/g, ''))
  try {
    const summary = await extractArchive(archive, { into: '/', roots, signal: context.signal })
    if (summary.failed === 0) return succeeded
    context.write(`Failed to unarchive cache\n${failureLines(summary)}`)
    return failed
  } catch (error) {
    context.signal.throwIfAborted()
    context.write(`Failed to unarchive cache\n${error instanceof Error ? error.message : String(error)}\n`)
    return failed
  }
}
