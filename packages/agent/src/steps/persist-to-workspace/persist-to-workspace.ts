import { rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { PersistToWorkspaceStep } from '@orrery/protocol'
import {
  createArchive,
  formatSize,
  independentSources,
  reasonOf,
  receiptOf,
  skippedLines,
} from '../../archive/index.ts'
import { glob } from '../../globs/index.ts'
import { failed, type StepContext, type StepResult, succeeded } from '../step.ts'

/**
 * Stores the matched files below `root` as one layer of the workflow's workspace (spec: execution.md 12.2). Unlike a
 * cache, a workspace is a promise to the jobs after this one: what cannot be kept fails the step.
 */
export async function execute(step: PersistToWorkspaceStep, context: StepContext): Promise<StepResult> {
  const root = resolve(context.resolvePath(step.root))
  const rootFault = await directoryFault(root)
  if (rootFault !== undefined) {
    context.write(`Error locating workspace root directory: stat ${root}: ${rootFault}\n`)
    return failed
  }
  const names = await match(root, step.paths, context)
  if (names === undefined) return failed
  if (names.length === 0) {
    context.write(`The specified paths did not match any files in ${root}\n`)
    return failed
  }
  const found = names.map((name) => ({ path: name === '' ? root : join(root, name), name }))
  const { sources, skipped } = independentSources(found)
  context.write(skippedLines(skipped))
  const archive = join(context.tmp, `${context.step}-${context.attempt}-workspace.tar.zst`)
  try {
    context.write('Creating workspace archive...\n')
    const summary = await createArchive(sources, archive, context.signal)
    context.write(skippedLines(summary.skipped))
    if (summary.skipped.some(({ loss }) => loss !== undefined)) {
      context.write('Error: the workspace would lack these files for the jobs after this one; nothing is stored.\n')
      return failed
    }
    context.write(`Uploading workspace archive (${formatSize(summary.size)})...\n`)
    const name = `${context.step}-${context.attempt}-workspace`
    await context.uplink.upload({ kind: 'workspace', name, step: context.step }, archive, {
      files: summary.files,
      receipt: receiptOf(summary),
    })
    context.write(`Workspace archive uploaded: ${summary.files.length} files from ${root}\n`)
    return succeeded
  } finally {
    await rm(archive, { force: true })
  }
}

async function directoryFault(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : 'not a directory'
  } catch (error) {
    return reasonOf(error)
  }
}

/** Names below root, each once; undefined after a pattern that is an error. A pattern without a match is a warning. */
async function match(root: string, patterns: readonly string[], context: StepContext): Promise<string[] | undefined> {
  const names = new Set<string>()
  for (const pattern of patterns) {
    const result = await glob(root, pattern)
    if (!result.ok) {
      context.write(`Error: ${result.error}\n`)
      return undefined
    }
    if (result.names.length === 0) context.write(`Warning: ${pattern} does not match anything in ${root}\n`)
    for (const name of result.names) names.add(name)
  }
  return [...names]
}
