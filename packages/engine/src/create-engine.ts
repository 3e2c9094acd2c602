import { createContext, type EngineContext } from './context.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { createSecretBox } from './secrets/secret-box.ts'
import { openDatabase, translateError } from './store/database.ts'
import { migrate } from './store/migrate.ts'
import { openSignals } from './store/signals.ts'
import { approve } from './systems/approvals.ts'
import { cacheBlob, exactCache, lookupCache } from './systems/caches.ts'
import { cancelJob, cancelWorkflow } from './systems/cancel.ts'
import { claimTask, heldTasks, releaseTask, taskSpec } from './systems/claims.ts'
import { continuePipeline, openContinuation, refuseContinuation } from './systems/continue-pipeline.ts'
import { earlierResults } from './systems/earlier-tests.ts'
import { createEventBell, latestCursor, readEvents, rebaseRestoredEvents } from './systems/event-log.ts'
import { namedBlobs, openUploads, removeExpired } from './systems/garbage.ts'
import { issueToken } from './systems/identity.ts'
import { checkLease, expireLeases, giveFullLeases, renewLease, taskScope } from './systems/leases.ts'
import { beginPipeline, failPipeline, pendingPipelines } from './systems/pipelines.ts'
import { changeProjectSettings, projectSettings, purgeLayers } from './systems/project-settings.ts'
import {
  createProject,
  listProjects,
  projectById,
  projectBySlug,
  setContextVariable,
  setProjectVariable,
} from './systems/projects.ts'
import { rerunWorkflow } from './systems/rerun.ts'
import { siblings } from './systems/siblings.ts'
import { addSshKey, deleteSshKey, listSshKeys } from './systems/ssh-keys.ts'
import { startPipeline } from './systems/start-pipeline.ts'
import { recordEvents } from './systems/task-events.ts'
import { agreeOnTests, impactBlob, testImpact } from './systems/test-impact.ts'
import { takeTests } from './systems/test-queue.ts'
import { beginUpload, commitUpload, upload } from './systems/uploads.ts'
import { addUserKey, listUserKeys, removeUserKey } from './systems/user-keys.ts'
import { workspace, workspaceBlob } from './systems/workspaces.ts'
import { jobArtifact, jobArtifacts, jobCoverage, jobTests } from './views/job-data.ts'
import { job, jobByNumber, latestJob, taskOf } from './views/jobs.ts'
import { listPipelines, pipeline, pipelineByNumber, pipelineConfig } from './views/pipelines.ts'
import { workflow } from './views/workflows.ts'

/**
 * Opens the database, brings its tables up to date and hands out the door. Any number of engines may share one
 * database. Throws ORY_DATABASE when it does not answer.
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const secrets = createSecretBox(options.secretKey)
  const db = openDatabase(options.databaseUrl)
  try {
    await migrate(db)
    await rebaseRestoredEvents(db)
    const signals = await openSignals(options.databaseUrl)
    return assemble(createContext({ db, signals, secrets, options }))
  } catch (error) {
    await db.destroy()
    throw translateError(error)
  }
}

/** Each method is a system or a view with the context put in; errors of the database get their code here. */
function assemble(ctx: EngineContext): Engine {
  const bell = createEventBell(ctx)
  const door =
    <Args extends unknown[], Result>(method: (ctx: EngineContext, ...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await method(ctx, ...args)
      } catch (error) {
        throw translateError(error)
      }
    }

  return {
    createProject: door(createProject),
    projectBySlug: door(projectBySlug),
    projectById: door(projectById),
    listProjects: door(listProjects),
    projectSettings: door(projectSettings),
    changeProjectSettings: door(changeProjectSettings),
    purgeLayers: door(purgeLayers),
    setProjectVariable: door(setProjectVariable),
    setContextVariable: door(setContextVariable),
    addSshKey: door(addSshKey),
    listSshKeys: door(listSshKeys),
    deleteSshKey: door(deleteSshKey),

    addUserKey: door(addUserKey),
    listUserKeys: door(listUserKeys),
    removeUserKey: door(removeUserKey),

    beginPipeline: door(beginPipeline),
    pendingPipelines: door(pendingPipelines),
    startPipeline: door(startPipeline),
    failPipeline: door(failPipeline),
    openContinuation: door(openContinuation),
    refuseContinuation: door(refuseContinuation),
    continuePipeline: door(continuePipeline),

    cancelWorkflow: door(cancelWorkflow),
    cancelJob: door(cancelJob),
    approve: door(approve),
    rerunWorkflow: door(rerunWorkflow),

    claimTask: door(claimTask),
    heldTasks: door(heldTasks),
    releaseTask: door(releaseTask),
    renewLease: door(renewLease),
    taskSpec: door(taskSpec),
    taskScope: door(taskScope),
    issueToken: door(issueToken),
    checkLease: door(checkLease),
    siblings: door(siblings),
    recordEvents: door(recordEvents),
    expireLeases: door(expireLeases),
    giveFullLeases: door(giveFullLeases),

    beginUpload: door(beginUpload),
    upload: door(upload),
    commitUpload: door(commitUpload),
    lookupCache: door(lookupCache),
    exactCache: door(exactCache),
    cacheBlob: door(cacheBlob),
    workspace: door(workspace),
    workspaceBlob: door(workspaceBlob),
    earlierResults: door(earlierResults),
    takeTests: door(takeTests),
    testImpact: door(testImpact),
    impactBlob: door(impactBlob),
    agreeOnTests: door(agreeOnTests),

    listPipelines: door(listPipelines),
    pipeline: door(pipeline),
    pipelineByNumber: door(pipelineByNumber),
    pipelineConfig: door(pipelineConfig),
    workflow: door(workflow),
    job: door(job),
    jobByNumber: door(jobByNumber),
    latestJob: door(latestJob),
    jobTests: door(jobTests),
    jobArtifact: door(jobArtifact),
    jobArtifacts: door(jobArtifacts),
    jobCoverage: door(jobCoverage),
    taskOf: door(taskOf),

    removeExpired: door(removeExpired),
    namedBlobs: door(namedBlobs),
    openUploads: door(openUploads),

    readEvents: door(readEvents),
    latestCursor: door(latestCursor),
    onEvents: bell.onEvents,

    async close() {
      bell.close()
      await ctx.signals.close()
      await ctx.db.destroy()
    },
  }
}
