import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { OrreryError, type PipelineError, type WorkflowView } from '@orrery/protocol'
import { ApiClient } from '../client/api.ts'
import { followPipeline, type PipelineListener, type PipelineResult } from '../client/follow.ts'
import { localRunDirectory } from '../data-directory.ts'
import { orbSources, readSettings, type Settings, userSettingsPath } from '../settings.ts'
import { RunView } from '../ui/run-view.ts'
import { saveArtifacts } from './artifacts.ts'
import { git } from './git.ts'
import { type Host, startHost } from './host.ts'
import { prepareRunner } from './runner-host.ts'
import { readVariables } from './variables.ts'
import { type Snapshot, snapshot } from './working-tree.ts'

export interface LocalRun {
  directory: string
  only: { workflow?: string; job?: string }
  artifactsDirectory: string
  approve: boolean
  quiet: boolean
  colour: boolean
  /** May we ask a person? */
  interactive: boolean
  variables: { names: string[]; file: string | undefined }
  /** `name=value` */
  parameters: string[]
  /** `from=to` */
  imageMap: string[]
  settingsFile: string | undefined
  /** Folder of orbs, in place of the settings' own. */
  orbsDirectory: string | undefined
  write(text: string): void
  signal: AbortSignal
}

export interface LocalOutcome {
  success: boolean
  interrupted: boolean
  errors: PipelineError[]
  workflows: WorkflowView[]
  artifacts: string[]
}

/**
 * Runs a working tree's pipeline with the same server, engine, runner and agent as `orrery up`, all in this process.
 * State that is worth keeping (caches, the database) lives in a folder of its own for each working tree.
 *
 * @throws OrreryError for what a person can mend; the pipeline's own failures are in the answer.
 */
export async function runLocally(run: LocalRun): Promise<LocalOutcome> {
  const tree = await snapshot(run.directory)
  const settings = await settingsOf(run)
  const parameters = parseParameters(run.parameters)
  const dataDir = join(localRunDirectory(), createHash('sha256').update(tree.root).digest('hex').slice(0, 8))
  const host = await startHost({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    databaseUrl: undefined,
    publicUrl: undefined,
    orbs: orbSources(settings, run.orbsDirectory),
  })
  try {
    const runner = await prepareRunner({
      serverUrl: host.url,
      token: host.server.createRunnerToken('local'),
      dataDir: join(dataDir, 'runner'),
      settings,
      // It would be removed before anybody could use it.
      pool: 0,
    })
    await runner.start()
    try {
      const pipelineId = await trigger(host, tree, run, parameters)
      return await follow(host, pipelineId, run)
    } finally {
      await runner.stop({ drain: true })
    }
  } finally {
    await host.close()
  }
}

async function trigger(
  host: Host,
  tree: Snapshot,
  run: LocalRun,
  parameters: Record<string, string | number | boolean>,
): Promise<string> {
  const { server } = host
  const slug = `local/orrery/${tree.name}`
  const project = (await server.engine.projectBySlug(slug)) ?? (await server.registerProject({ slug, name: tree.name }))
  for (const [name, value] of await readVariables(run.variables.names, run.variables.file)) {
    await server.engine.setProjectVariable(project.id, name, value)
  }
  const repository = server.repositoryPath(project)
  const ref = `refs/heads/${tree.branch}`
  await git(tree.root, ['push', '--quiet', '--force', '--no-verify', repository, `${tree.revision}:${ref}`])
  return server.runCommit({
    project,
    branch: tree.branch,
    revision: tree.revision,
    actor: { login: 'local' },
    parameters,
    only: run.only,
  })
}

async function follow(host: Host, pipelineId: string, run: LocalRun): Promise<LocalOutcome> {
  const client = new ApiClient({ url: host.url, token: host.adminToken })
  const view = new RunView({ write: run.write, colour: run.colour, quiet: run.quiet, held: holds(run) })
  const cancel = () => void cancelAll(client, pipelineId)
  run.signal.addEventListener('abort', cancel, { once: true })
  const result = await followPipeline(client, pipelineId, view)
  run.signal.removeEventListener('abort', cancel)
  run.write(view.summary(result))
  const artifacts = await saveArtifacts(client, result.workflows, resolve(run.directory, run.artifactsDirectory))
  if (artifacts.length > 0) run.write(`${artifacts.length} artifacts in ${run.artifactsDirectory}\n`)
  return {
    success: result.success && !run.signal.aborted,
    interrupted: run.signal.aborted,
    errors: result.pipeline.errors,
    workflows: result.workflows,
    artifacts,
  }
}

/** After Ctrl-C the containers are told to stop, and we wait for their end as the server sees it. */
async function cancelAll(client: ApiClient, pipelineId: string): Promise<void> {
  const pipeline: PipelineResult['pipeline'] = await client.pipeline(pipelineId)
  for (const workflow of pipeline.workflows) await client.cancelWorkflow(workflow.id).catch(() => {}) // ended meanwhile
}

function holds(run: LocalRun): PipelineListener['held'] {
  return async (job) => {
    if (run.approve) return 'approve'
    if (!run.interactive) {
      run.write(`? ${job.name} waits for approval; --approve goes on\n`)
      return 'leave'
    }
    const prompt = createInterface({ input: process.stdin, output: process.stdout })
    try {
      const answer = await prompt.question(`? Approve ${job.name}? [y/N] `)
      return /^y(es)?$/i.test(answer.trim()) ? 'approve' : 'leave'
    } finally {
      prompt.close()
    }
  }
}

async function settingsOf(run: LocalRun): Promise<Settings> {
  const settings = await readSettings(run.settingsFile, userSettingsPath())
  const own = run.imageMap.map((pair) => {
    const at = pair.indexOf('=')
    if (at <= 0) throw new OrreryError('ORY_BAD_REQUEST', [`--image-map ${pair} is not FROM=TO`])
    return { match: pair.slice(0, at), image: pair.slice(at + 1) }
  })
  return { ...settings, imageMap: [...own, ...settings.imageMap] }
}

function parseParameters(pairs: readonly string[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at <= 0) throw new OrreryError('ORY_BAD_REQUEST', [`--parameter ${pair} is not NAME=VALUE`])
      return [pair.slice(0, at), scalar(pair.slice(at + 1))]
    }),
  )
}

function scalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}
