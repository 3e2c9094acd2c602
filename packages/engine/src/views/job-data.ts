import { type ArtifactView, type CoverageView, OrreryError, type TestView } from '@orrery/protocol'
import { type Selectable, sql } from 'kysely'
import type { EngineContext } from '../context.ts'
import { daysAfter } from '../decisions/retention.ts'
import type { StoredBlob } from '../engine.ts'
import { storable } from '../store/json.ts'
import type { ArtifactsTable } from '../store/schema.ts'
import { ranJob } from './jobs.ts'

/** execution.md 20. */
const flakyWindowDays = 14

export async function jobTests(ctx: EngineContext, id: string): Promise<TestView[]> {
  const ranJobId = await ranJob(ctx, id)
  const rows = await ctx.db.selectFrom('tests').selectAll().where('job_id', '=', ranJobId).orderBy('id').execute()
  const flaky = rows.length === 0 ? new Set() : await flakyTests(ctx, ranJobId)
  const results = rows.map((row) => ({
    ...(flaky.has(`${row.classname}\0${row.name}`) && { flaky: true }),
    name: row.name,
    classname: row.classname,
    ...(row.file === null ? {} : { file: row.file }),
    runTime: row.run_time,
    result: row.result,
    message: row.message,
    nodeIndex: row.node_index,
  }))
  return [...results, ...(await skippedTests(ctx, ranJobId))]
}

/** Test atoms that no change could affect (execution.md 16.3); they are no results, so nothing is timed by them. */
async function skippedTests(ctx: EngineContext, jobId: string): Promise<TestView[]> {
  const rows = await ctx.db.selectFrom('test_selections').select('selection').where('job_id', '=', jobId).execute()
  const skipped = new Set(rows.flatMap(({ selection }) => selection.skipped))
  // Another step of the job may have run the suite as a whole.
  for (const { atom } of rows.flatMap(({ selection }) => selection.selected)) skipped.delete(atom)
  return [...skipped].map((name) => ({
    name,
    classname: '',
    runTime: 0,
    result: 'skipped',
    message: 'skipped by selection',
    nodeIndex: 0,
  }))
}

/** Tests that passed and failed on the job's commit within two weeks, in any job of the project (execution.md 14.3). */
async function flakyTests(ctx: EngineContext, jobId: string): Promise<Set<string>> {
  const since = daysAfter(ctx.options.clock.now(), -flakyWindowDays)
  const { rows } = await sql<{ classname: string; name: string }>`
    select classname, tests.name
    from jobs as this
    join pipelines as own on own.id = this.pipeline_id
    join pipelines on pipelines.project_id = own.project_id and pipelines.revision = own.revision
    join jobs on jobs.pipeline_id = pipelines.id and jobs.created_at > ${since}
    join tests on tests.job_id = jobs.id
    where this.id = ${jobId}
    group by classname, tests.name
    having bool_or(result = 'success') and bool_or(result in ('failure', 'error'))`.execute(ctx.db)
  return new Set(rows.map(({ classname, name }) => `${classname}\0${name}`))
}

type StoredArtifact = Omit<ArtifactView, 'url'> & StoredBlob & { contentType: string }

export async function jobArtifacts(ctx: EngineContext, id: string): Promise<StoredArtifact[]> {
  const rows = await liveArtifacts(ctx, await ranJob(ctx, id))
    .orderBy('node_index')
    .orderBy('path')
    .execute()
  return rows.map(toArtifact)
}

/** One of them. ORY_NOT_FOUND when there is none of that name, or its retention has passed. */
export async function jobArtifact(
  ctx: EngineContext,
  id: string,
  nodeIndex: number,
  path: string,
): Promise<StoredArtifact> {
  const row = await liveArtifacts(ctx, await ranJob(ctx, id))
    .where('node_index', '=', nodeIndex)
    .where('path', '=', storable(path))
    .executeTakeFirst()
  if (!row) throw new OrreryError('ORY_NOT_FOUND', ['Artifact'])
  return toArtifact(row)
}

function liveArtifacts(ctx: EngineContext, ranJobId: string) {
  return ctx.db
    .selectFrom('artifacts')
    .selectAll()
    .where('job_id', '=', ranJobId)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', ctx.options.clock.now())]))
}

function toArtifact(row: Selectable<ArtifactsTable>): StoredArtifact {
  return {
    path: row.path,
    nodeIndex: row.node_index,
    size: row.size,
    sha256: row.sha256,
    blobKey: row.blob_key,
    contentType: row.content_type,
  }
}

/** Reports in the order in which they came, each with its files (nodes of one job may store the same report). */
export async function jobCoverage(ctx: EngineContext, id: string): Promise<CoverageView[]> {
  const ranJobId = await ranJob(ctx, id)
  const rows = await ctx.db.selectFrom('coverage').selectAll().where('job_id', '=', ranJobId).orderBy('id').execute()
  const reports = new Map<string, CoverageView>()
  for (const row of rows) {
    const key = `${row.node_index} ${row.report}`
    const view = reports.get(key) ?? { report: row.report, format: row.format, nodeIndex: row.node_index, files: [] }
    reports.set(key, view)
    view.files.push({
      file: row.file,
      lines: { covered: row.lines_covered, total: row.lines_total },
      branches: { covered: row.branches_covered, total: row.branches_total },
    })
  }
  return [...reports.values()]
}
