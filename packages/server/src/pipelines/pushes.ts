import type { Engine, PendingPipeline, Project } from '@orrery/engine'
import type { PushListener, RefUpdate } from '../git/push-channel.ts'
import type { Clock } from '../settings.ts'
import type { VcsProvider } from '../vcs/provider.ts'
import { isZero, parseRef } from './checks.ts'
import { findCommit, type Pipelines } from './pipelines.ts'
import type { PushJournal, PushRecord } from './push-journal.ts'
import { reportOf } from './push-report.ts'

export interface PushDeps {
  engine: Engine
  vcs: VcsProvider
  pipelines: Pipelines
  journal: PushJournal
  clock: Clock
  pipelineUrl: (pipeline: PendingPipeline) => string
}

/** A listener that knows whether git came to an end. */
export interface Push extends PushListener {
  /** Call when git is gone: a push whose refs changed but whose last hook never ran gets its pipelines now. */
  settle(): Promise<void>
}

/** From a push into one of our own repositories to pipelines, so that no accepted push is ever forgotten. */
export class Pushes {
  readonly #deps: PushDeps

  constructor(deps: PushDeps) {
    this.#deps = deps
  }

  /** Follows one push of a person. */
  follow(project: Project, login: string): Push {
    let record: PushRecord | null = null
    return {
      announced: async (updates) => {
        const at = this.#deps.clock.now().toISOString()
        record = await this.#deps.journal.begin({ projectId: project.id, login, at, updates })
      },
      done: async (updates, write) => {
        const mine = record
        record = null
        for (const update of updates) write(await this.#one(project, update, login))
        if (mine) await this.#deps.journal.end(mine)
      },
      settle: async () => {
        if (record) await this.#again(record)
        record = null
      },
    }
  }

  /** At server start: pushes that were cut off. */
  async resume(): Promise<void> {
    for (const record of await this.#deps.journal.open()) await this.#again(record)
  }

  async #one(project: Project, update: RefUpdate, login: string): Promise<string> {
    return reportOf(await this.#deps.pipelines.fromPush(project, update, { login }), this.#deps.pipelineUrl)
  }

  async #again(record: PushRecord): Promise<void> {
    const project = await this.#deps.engine.projectById(record.projectId)
    for (const update of project ? record.updates : []) {
      if (project && (await this.#isForgotten(project, record, update))) await this.#one(project, update, record.login)
    }
    await this.#deps.journal.end(record)
  }

  /** True when git did change the ref, and no pipeline has come of it. */
  async #isForgotten(project: Project, record: PushRecord, update: RefUpdate): Promise<boolean> {
    const ref = parseRef(update.ref)
    if (!ref || isZero(update.after)) return false
    const commit = await findCommit(this.#deps.vcs, project, update.after)
    const revision = await this.#deps.vcs.resolve(project, ref)
    if (revision === null || commit?.revision !== revision) return false
    const filter = 'branch' in ref ? { branch: ref.branch } : {}
    const recent = await this.#deps.engine.listPipelines({ projectId: project.id, ...filter, limit: 50 })
    return !recent.items.some(
      (one) =>
        one.revision === revision &&
        one.createdAt >= record.at &&
        ('branch' in ref ? one.branch === ref.branch : one.tag === ref.tag),
    )
  }
}
