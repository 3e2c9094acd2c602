import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import { openTestDatabase, options, type TestDatabase } from './helpers/database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

it('migrates once when three servers start together', async () => {
  const engines = await Promise.all([database.engine(), database.engine(), database.engine()])

  const applied = await database.query('select name from kysely_migration')
  expect(applied.length).toBeGreaterThan(0)
  expect(new Set(applied.map((row) => row['name'])).size).toBe(applied.length)
  const project = await engines[0]?.createProject({ slug: 'local/a/b', name: 'b', defaultBranch: 'main' })
  expect(await engines[2]?.projectBySlug('local/a/b')).toEqual(project)
  await expect(
    engines[1]?.createProject({ slug: 'local/a/b', name: 'b', defaultBranch: 'main' }),
  ).rejects.toMatchObject({ code: 'ORY_PROJECT_EXISTS' })
})

it('refuses a database that a newer version has changed', async () => {
  await database.query(`insert into kysely_migration (name, timestamp) values ('999-from-the-future', '2099')`)

  await expect(database.engine()).rejects.toMatchObject({ code: 'ORY_DATABASE' })

  await database.query(`delete from kysely_migration where name = '999-from-the-future'`)
})

it('says that the database does not answer', async () => {
  const nowhere = options('postgres://orrery@localhost/orrery?host=/nowhere')

  await expect(createEngine(nowhere)).rejects.toMatchObject({ code: 'ORY_DATABASE' })
})
