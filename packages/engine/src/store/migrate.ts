import { OrreryError } from '@orrery/protocol'
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { up as makeFirstTables } from './migrations/001-first-tables.ts'
import { up as makeSetup } from './migrations/002-setup.ts'
import { up as makeSshKeys } from './migrations/003-ssh-keys.ts'
import { up as makeTestRuns } from './migrations/004-test-runs.ts'
import { up as makeStoredData } from './migrations/005-stored-data.ts'
import { up as addJobSsh } from './migrations/006-job-ssh.ts'
import { up as addProjectSettings } from './migrations/007-project-settings.ts'
import { up as addUnavailable } from './migrations/008-unavailable.ts'
import { up as makeTestImpact } from './migrations/009-test-impact.ts'
import { up as addTaskUsage } from './migrations/010-task-usage.ts'
import type { Schema } from './schema.ts'

/** In order of their names. A migration that was released is never edited. */
const migrations: Record<string, Migration> = {
  '001-first-tables': { up: makeFirstTables },
  '002-setup': { up: makeSetup },
  '003-ssh-keys': { up: makeSshKeys },
  '004-test-runs': { up: makeTestRuns },
  '005-stored-data': { up: makeStoredData },
  '006-job-ssh': { up: addJobSsh },
  '007-project-settings': { up: addProjectSettings },
  '008-unavailable': { up: addUnavailable },
  '009-test-impact': { up: makeTestImpact },
  '010-task-usage': { up: addTaskUsage },
}

/**
 * Brings the tables up to date. Any number of servers may start at once: the migrator holds an advisory lock, one
 * migrates, the others find the work done. Throws ORY_DATABASE when a newer Orrery has already changed the tables.
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })

  const { error } = await migrator.migrateToLatest()

  if (error === undefined) return
  if (error instanceof OrreryError) throw error
  const reason = error instanceof Error ? error.message : String(error)
  throw new OrreryError('ORY_DATABASE', [`its tables could not be migrated (${reason})`], { cause: error })
}
