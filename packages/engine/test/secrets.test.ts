import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { claim, runAll, runnerNamed } from './helpers/fake-agent.ts'
import { newProject, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine

beforeAll(async () => {
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(() => database.close())

it('hands variables to the task in their order and leaves none of them in the clear in any table', async () => {
  const project = await newProject(engine)
  await engine.setProjectVariable(project.id, 'TOKEN', 'tops3cret-project-old')
  await engine.setProjectVariable(project.id, 'TOKEN', 'tops3cret-project')
  await engine.setContextVariable('prod', 'TOKEN', 'tops3cret-context')
  await engine.setContextVariable('extra', 'MORE', 'tops3cret-extra')
  const images = [{ image: 'a', environment: {}, auth: { username: 'u', password: '$TOKEN' } }]
  const spec = { executor: { type: 'docker' as const, images } }
  await start(engine, planOf({ main: { a: { contexts: ['extra', 'prod'], spec } } }), { project })

  const runner = runnerNamed('r1')
  const agent = await claim(engine, runner)

  expect(agent.claimed.spec.environment.slice(0, 3)).toEqual([
    { source: 'project', vars: { TOKEN: 'tops3cret-project' } },
    { source: 'context:extra', vars: { MORE: 'tops3cret-extra' } },
    { source: 'context:prod', vars: { TOKEN: 'tops3cret-context' } },
  ])
  expect(agent.claimed.spec.executor).toMatchObject({ images: [{ auth: { password: 'tops3cret-context' } }] })
  expect([...agent.claimed.spec.maskValues].sort()).toEqual([
    'tops3cret-context',
    'tops3cret-extra',
    'tops3cret-project',
  ])
  // A runner that comes back while the job runs is told what to mask, and nothing else of the document.
  await agent.startStep()
  const [held] = await engine.heldTasks(runner.id)
  expect([...(held?.maskValues ?? [])].sort()).toEqual([...agent.claimed.spec.maskValues].sort())
  await agent.finish()
  await runAll(engine)

  const tables = await database.query(
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  )
  expect(tables.length).toBeGreaterThan(15)
  for (const { name } of tables) {
    const rows = await database.query(`select t::text as line from "${String(name)}" t`)
    const text = rows.map((row) => String(row['line'])).join('\n')
    expect(text, String(name)).not.toContain('tops3cret')
    expect(text, String(name)).not.toContain(Buffer.from('tops3cret').toString('hex'))
  }
})

it('refuses names that no shell could export, without repeating the value', async () => {
  const project = await newProject(engine)

  for (const name of ['', '1A', 'A-B', 'A B', 'A\0']) {
    const refused = engine.setProjectVariable(project.id, name, 'tops3cret')
    await expect(refused).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
    await expect(refused).rejects.not.toThrow(/tops3cret/)
  }
})
