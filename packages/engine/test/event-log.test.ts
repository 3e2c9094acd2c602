import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, LoggedEvent } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { runAll } from './helpers/fake-agent.ts'
import { newProject, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

async function readAll(after: string | null, limit = 1000): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = []
  for (let cursor = after; ; cursor = events.at(-1)?.cursor ?? cursor) {
    const page = await engine.readEvents(cursor, limit)
    if (page.length === 0) return events
    events.push(...page)
  }
}

/** Resolves when the bell rang and the log then fulfils the condition. */
async function whenLog(after: string | null, fulfilled: (events: LoggedEvent[]) => boolean): Promise<LoggedEvent[]> {
  const bell = new EventTarget()
  const stop = engine.onEvents(() => bell.dispatchEvent(new Event('ring')))
  try {
    for (;;) {
      const rang = once(bell, 'ring')
      const events = await readAll(after)
      if (fulfilled(events)) return events
      await rang
    }
  } finally {
    stop()
  }
}

describe('the event log', () => {
  it('tells the whole story of a pipeline in order', async () => {
    const before = await engine.latestCursor()
    const { project, pipeline } = await start(engine, planOf({ main: { a: {} } }))
    await runAll(engine)

    const events = await whenLog(before, (all) => all.some((event) => event.kind === 'task.ended'))

    expect(events.map((event) => event.kind)).toEqual([
      'project.created',
      'pipeline.pending',
      'pipeline.created',
      'workflow.created',
      'job.changed',
      'task.claimed',
      'step.started',
      'step.ended',
      'task.ended',
      'job.changed',
      'workflow.changed',
    ])
    const ended = events.find((event) => event.kind === 'task.ended')
    expect(ended).toMatchObject({ projectId: project.id, pipelineId: pipeline.id, data: { outcome: 'success' } })
    expect(await engine.latestCursor()).toBe(events.at(-1)?.cursor)
    expect(await engine.readEvents(events.at(-1)?.cursor ?? null, 10)).toEqual([])
  })

  it('shows no event while an older transaction may still add one before it', async () => {
    const before = await engine.latestCursor()
    const slow = new pg.Client({ connectionString: database.url })
    await slow.connect()
    await slow.query('begin')
    await slow.query(`insert into events (kind, at, data) values ('slow', now(), '{}')`)

    const project = await newProject(engine)
    expect(await readAll(before)).toEqual([])
    const whole = whenLog(before, (events) => events.length > 0)
    await slow.query('commit')
    await slow.end()

    const kinds = (await whole).map((event) => [event.kind, event.projectId])
    expect(kinds).toEqual([
      ['slow', null],
      ['project.created', project.id],
    ])
  })

  it('rings soon after an older transaction that says nothing stops hiding events', async () => {
    const before = await engine.latestCursor()
    const silent = new pg.Client({ connectionString: database.url })
    await silent.connect()
    await silent.query('begin')
    await silent.query('select pg_current_xact_id()')
    await newProject(engine)
    const seen = whenLog(before, (events) => events.length === 1)

    const released = performance.now()
    await silent.query('rollback')

    expect(await seen).toMatchObject([{ kind: 'project.created' }])
    expect(performance.now() - released).toBeLessThan(1500)
    await silent.end()
  })

  it('loses and repeats nothing for a reader that follows many writers', async () => {
    const before = await engine.latestCursor()
    const writers = 8
    const each = 25
    const second = await database.engine()
    const seen: LoggedEvent[] = []
    let writing = true
    const reader = (async () => {
      while (writing) seen.push(...(await engine.readEvents(seen.at(-1)?.cursor ?? before, 7)))
    })()

    await Promise.all(
      Array.from({ length: writers }, async (_, index) => {
        for (let one = 0; one < each; one++) {
          const context = `c${index}`
          await (index % 2 === 0 ? engine : second).setContextVariable(context, `V${one}`, 'x')
        }
      }),
    )
    writing = false
    await reader
    await whenLog(before, (events) => events.length === writers * each)
    seen.push(...(await readAll(seen.at(-1)?.cursor ?? before)))

    const names = seen.map((event) => JSON.stringify(event.data))
    expect(names).toHaveLength(writers * each)
    expect(new Set(names).size).toBe(writers * each)
    expect(seen.map((event) => event.cursor)).toEqual((await readAll(before, 3)).map((event) => event.cursor))
  })

  it('shows events of a database that was restored from another installation, and goes on after old cursors', async () => {
    const [, restored] = await database.query(
      `insert into events (tx, kind, at, data) values
       ('999999999999', 'read before', now(), '{}'), ('999999999999', 'not read yet', now(), '{}') returning id`,
    )
    const cursor = `999999999999-${Number(restored?.['id']) - 1}`

    const later = await database.engine()
    const project = await newProject(later)

    const seen = await whenLog(cursor, (events) => events.length > 1)
    expect(seen.map((event) => [event.kind, event.projectId])).toEqual([
      ['not read yet', null],
      ['project.created', project.id],
    ])
  })

  it('reads a cursor that is not its own from the beginning', async () => {
    const [first] = await engine.readEvents(null, 1)

    expect(await engine.readEvents("0'; drop table events", 1)).toEqual([first])
  })
})
