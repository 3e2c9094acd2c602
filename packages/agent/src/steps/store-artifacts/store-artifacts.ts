import { resolve } from 'node:path'
import type { StoreArtifactsStep } from '@orrery/protocol'
import { codeOf, formatSize, reasonOf } from '../../archive/index.ts'
import { expandHome } from '../../environment/paths.ts'
import { FileShrankError } from '../../spool/read-fully.ts'
import { UplinkError } from '../../uplink/uplink.ts'
import { failed, type StepContext, type StepResult, succeeded } from '../step.ts'
import { contentTypeOf } from './content-type.ts'
import { type FoundArtifact, findArtifacts } from './find-artifacts.ts'
import { storeCoverage } from './store-coverage.ts'

/** Uploads at a time: enough to hide a round trip, few enough to leave the line to others. */
const lanes = 8

/**
 * Uploads a file or everything in a directory (spec: execution.md 13). A missing path is a message; a file that is too
 * large, is refused or shrinks meanwhile fails the step after the others were uploaded.
 */
export async function execute(step: StoreArtifactsStep, context: StepContext): Promise<StepResult> {
  const path = resolve(context.resolvePath(step.path))
  const found = await findArtifacts(path, expandHome(step.path, context.home), step.destination)
  if (found === undefined) {
    context.write(`No artifact files found at ${path}\n`)
    return succeeded
  }
  context.write(found.notes.map((note) => `Note: ${note}\n`).join(''))
  if (found.artifacts.length === 0) {
    context.write(`No artifact files found at ${path}\n`)
    return succeeded
  }
  context.write(`Uploading ${path}\n`)
  const queue = found.artifacts.entries()
  let refused = 0
  async function lane(): Promise<void> {
    for (const [index, artifact] of queue) {
      context.signal.throwIfAborted()
      if (!(await upload(artifact, index, context))) refused++
    }
  }
  // Every lane is awaited before an error goes up, so that none uploads behind the step's back.
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  const stored = found.artifacts.length - refused
  context.write(`Uploaded ${stored} ${stored === 1 ? 'file' : 'files'}\n`)
  await storeCoverage(found.artifacts, context)
  return refused === 0 ? succeeded : failed
}

/** False when this file was refused, with the reason in the log. */
async function upload(artifact: FoundArtifact, index: number, context: StepContext): Promise<boolean> {
  const { file, path, size } = artifact
  const most = context.spec.limits.artifactBytes
  if (size > most) {
    context.write(`Error: ${file} (${size} bytes) is larger than the limit of ${most} bytes\n`)
    return false
  }
  const name = `${context.step}-${context.attempt}-artifact-${index}`
  try {
    await context.uplink.upload({ kind: 'artifact', name, path, contentType: contentTypeOf(path) }, file, {})
    context.write(`  ${file} => ${path} (${formatSize(size)})\n`)
    return true
  } catch (error) {
    context.signal.throwIfAborted()
    const reason = reasonForFile(error)
    if (reason === undefined) throw error
    context.write(`Error: ${file}: ${reason}\n`)
    return false
  }
}

/** Why this one file could not be stored; undefined when the fault is not the file's and would meet the others too. */
function reasonForFile(error: unknown): string | undefined {
  if (error instanceof UplinkError) return error.status === 410 || error.status >= 500 ? undefined : error.message
  if (error instanceof FileShrankError) return error.message
  return codeOf(error) === undefined ? undefined : reasonOf(error)
}
