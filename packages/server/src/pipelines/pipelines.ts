import {
  type CompileInput,
  decodeSource,
  defaultCompileOptions,
  lockedOrbs,
  lockFile,
  type OrbResolver,
  type Plan,
  parseLock,
} from '@orrery/config'
import type { Actor, Engine, PendingPipeline, PipelineRequest, Project } from '@orrery/engine'
import { OrreryError, type PipelineError } from '@orrery/protocol'
import type { FastifyBaseLogger } from 'fastify'
import type { Compiler } from '../compiler/compiler.ts'
import type { RefUpdate } from '../git/push-channel.ts'
import type { CommitInfo, VcsProvider } from '../vcs/provider.ts'
import { type GitRef, isZero, parseRef, reasonToDrop } from './checks.ts'
import { configErrors } from './config-errors.ts'
import { pipelineValues } from './pipeline-values.ts'
import type { PushOutcome } from './push-report.ts'

export const configPath = '.circleci/config.yml'
/** How diagnostics name the config that a setup workflow gave: it is no file of the repository. */
const continuationFile = 'continuation config'
const maxConfigBytes = 4 * 1024 * 1024
const maxLockBytes = 1024 * 1024

export interface PipelineDeps {
  engine: Engine
  vcs: VcsProvider
  compiler: Compiler
  log: FastifyBaseLogger
  /** The orbs of this installation. */
  orbs: OrbResolver
}

export type ParameterValues = Record<string, string | number | boolean>

interface Compiled {
  source: string
  compiled: string
  plan: Plan
  isSetup: boolean
}

interface NotCompiled {
  errors: PipelineError[]
  /** The config's text, when there was one. */
  source?: string
}

/** A commit that is in the project's repository already, to be run without a push. */
export interface CommitRun {
  project: Project
  branch: string
  revision: string
  actor: Actor
  parameters: ParameterValues
  only?: PipelineRequest['only']
}

/** From an event to workflows (platform.md 3.7, steps 2 to 10). */
export class Pipelines {
  readonly #deps: PipelineDeps

  constructor(deps: PipelineDeps) {
    this.#deps = deps
  }

  /** One changed ref of a push. */
  async fromPush(project: Project, update: RefUpdate, actor: Actor): Promise<PushOutcome> {
    const ref = parseRef(update.ref)
    const commit = ref && !isZero(update.after) ? await findCommit(this.#deps.vcs, project, update.after) : null
    const reason = reasonToDrop({ update, ref, commit })
    if (reason !== null || !ref || !commit) return { kind: 'dropped', ref: update.ref, reason: reason ?? '' }
    return this.run(
      await this.#deps.engine.beginPipeline({
        projectId: project.id,
        trigger: 'webhook',
        actor,
        vcs: { ...ref, ...commit },
        parameters: {},
      }),
    )
  }

  /** ORY_NOT_FOUND when the branch or tag does not exist. Never skipped by a commit message (platform.md 5.1). */
  async fromApi(project: Project, ref: GitRef, parameters: ParameterValues, actor: Actor): Promise<PendingPipeline> {
    const { engine, vcs } = this.#deps
    const revision = await vcs.resolve(project, ref)
    if (revision === null) throw new OrreryError('ORY_NOT_FOUND', ['branch' in ref ? 'Branch' : 'Tag'])
    const commit = await vcs.commitInfo(project, revision)
    return engine.beginPipeline({
      projectId: project.id,
      trigger: 'api',
      actor,
      vcs: { ...ref, ...commit },
      parameters,
    })
  }

  /** As a push of the commit, but with parameters, and perhaps narrowed. Answers the pipeline's id. */
  async fromCommit({ project, branch, revision, actor, parameters, only }: CommitRun): Promise<string> {
    const commit = await this.#deps.vcs.commitInfo(project, revision)
    const pipeline = await this.#deps.engine.beginPipeline({
      projectId: project.id,
      trigger: 'webhook',
      actor,
      vcs: { branch, ...commit },
      parameters,
      ...(only && { only }),
    })
    await this.run(pipeline)
    return pipeline.id
  }

  /**
   * What the job of a setup workflow sends (platform.md 6). A config that does not compile leaves the key good for another
   * try: its errors are shown with the pipeline, and the sender is told the first of them, so that the job fails too:
   * ORY_BAD_REQUEST.
   */
  async continue(key: string, given: { source: string; parameters: ParameterValues }): Promise<void> {
    const { engine, log } = this.#deps
    const pipeline = await engine.openContinuation(key, given)
    const result = await this.#compile(pipeline).catch((error: unknown) => notCompiled(error, log))
    if (!('errors' in result)) return engine.continuePipeline(key, given, result)
    await engine.refuseContinuation(key, result.errors)
    throw new OrreryError('ORY_BAD_REQUEST', [result.errors[0]?.message ?? 'The config does not compile'])
  }

  /** Pipelines that were begun by a process that died before it could compile them. */
  async resumePending(): Promise<void> {
    for (const pipeline of await this.#deps.engine.pendingPipelines()) {
      await this.run(pipeline).catch((error: unknown) =>
        this.#deps.log.error({ err: error }, 'a pipeline stays pending'),
      )
    }
  }

  /**
   * Reads and compiles the config of a begun pipeline, then starts or fails it. Safe to repeat: two servers may try, and
   * one wins. Throws only when the database is away; then the pipeline stays pending and the next start takes it up.
   */
  async run(pipeline: PendingPipeline): Promise<PushOutcome> {
    const result = await this.#compile(pipeline).catch((error: unknown) => notCompiled(error, this.#deps.log))
    try {
      if ('errors' in result) return await this.#fail(pipeline, result)
      await this.#deps.engine.startPipeline(pipeline.id, result)
      return this.#outcome(pipeline)
    } catch (error) {
      if (!(error instanceof OrreryError) || error.status >= 500) throw error
      if (error.code === 'ORY_CONFLICT') return this.#outcome(pipeline)
      return this.#fail(pipeline, { errors: [{ type: 'config', message: error.message, hint: error.help }] })
    }
  }

  async #fail(pipeline: PendingPipeline, { errors, source }: NotCompiled): Promise<PushOutcome> {
    await this.#deps.engine.failPipeline(pipeline.id, errors, source)
    return { kind: 'errored', pipeline, errors }
  }

  /** What the database says became of it: the workflows left after conditions and narrowing. */
  async #outcome(pipeline: PendingPipeline): Promise<PushOutcome> {
    const view = await this.#deps.engine.pipeline(pipeline.id)
    if (view.state === 'errored') return { kind: 'errored', pipeline, errors: view.errors }
    return { kind: 'created', pipeline, workflows: view.workflows.map((one) => one.name) }
  }

  async #compile(pipeline: PendingPipeline): Promise<Compiled | NotCompiled> {
    const { vcs, compiler } = this.#deps
    const { continuation } = pipeline
    const source = continuation ? { text: continuation.source, file: continuationFile } : await this.#config(pipeline)
    if ('errors' in source) return source
    const orbs = await this.#orbs(pipeline)
    if ('errors' in orbs) return { ...orbs, source: source.text }
    const request = {
      source,
      pipelineValues: pipelineValues({
        pipeline,
        provider: { type: vcs.type, repositoryUrl: vcs.repositoryUrl(pipeline.project) },
        configPath,
        baseRevision: await this.#baseRevision(pipeline),
      }),
      ...phaseOf(pipeline),
      options: defaultCompileOptions,
    }
    const result = await compiler.compile(request, orbs)
    if (!result.ok || result.plan === undefined || result.compiled === undefined) {
      return { errors: configErrors(result.diagnostics, source), source: source.text }
    }
    return { source: source.text, compiled: result.compiled, plan: result.plan, isSetup: result.isSetup }
  }

  async #config(pipeline: PendingPipeline): Promise<{ text: string; file: string } | NotCompiled> {
    const { vcs } = this.#deps
    const found = await vcs.readFile(pipeline.project, pipeline.vcs.revision, configPath, maxConfigBytes)
    if (!found) return { errors: [missingConfig(pipeline, vcs.repositoryUrl(pipeline.project))] }
    const decoded = decodeSource(found, configPath)
    if ('result' in decoded) return { errors: configErrors(decoded.result.diagnostics, { text: '', file: configPath }) }
    return { text: decoded.text, file: configPath }
  }

  /** The installation's orbs, kept to the lock file of the commit, when there is one. */
  async #orbs({ project, vcs: { revision } }: PendingPipeline): Promise<OrbResolver | NotCompiled> {
    const { vcs, orbs } = this.#deps
    const found = await vcs.readFile(project, revision, lockFile, maxLockBytes)
    if (!found) return orbs
    const source = { text: found.toString('utf8'), file: lockFile }
    const { lock, diagnostics } = parseLock(source)
    return lock ? lockedOrbs(lock, orbs) : { errors: configErrors(diagnostics, source) }
  }

  async #baseRevision(pipeline: PendingPipeline): Promise<string | null> {
    const { branch } = pipeline.vcs
    if (branch === undefined || pipeline.trigger !== 'webhook') return null
    const { projectId, number } = pipeline
    const before = await this.#deps.engine.listPipelines({ projectId, branch, before: number, limit: 1 })
    return before.items[0]?.revision ?? null
  }
}

/** Which of its two configs a pipeline is at, and the arguments of each (config-language.md 20). */
function phaseOf({ parameters, continuation }: PendingPipeline): PhaseInput {
  if (!continuation) return { pipelineArgs: parameters, phase: 'initial' }
  const { setup, parameters: pipelineArgs } = continuation
  return { pipelineArgs, phase: 'continuation', continues: { setup, triggerArgs: parameters } }
}

type PhaseInput = Pick<CompileInput, 'pipelineArgs' | 'phase' | 'continues'>

/** The commit behind a commit or tag object; null when there is none. */
export async function findCommit(vcs: VcsProvider, project: Project, objectId: string): Promise<CommitInfo | null> {
  try {
    return await vcs.commitInfo(project, objectId)
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'ORY_NOT_FOUND') return null
    throw error
  }
}

function missingConfig(pipeline: PendingPipeline, repository: string): PipelineError {
  const ref = pipeline.vcs.branch ?? pipeline.vcs.tag ?? ''
  const error = new OrreryError('ORY_NO_CONFIG', [configPath, ref, repository])
  return { type: 'config-fetch', message: error.message, hint: error.help }
}

/** Errors of ours are shown; a crash of the compiler must not leave the pipeline pending for ever either. */
function notCompiled(error: unknown, log: FastifyBaseLogger): NotCompiled {
  if (error instanceof OrreryError && error.code === 'ORY_DATABASE') throw error
  if (error instanceof OrreryError) {
    return { errors: [{ type: 'config-fetch', message: error.message, hint: error.help }] }
  }
  log.error({ err: error }, 'a config could not be compiled')
  return { errors: [{ type: 'other', message: 'Internal server error.', hint: 'Look at the server log.' }] }
}
