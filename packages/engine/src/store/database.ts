import { OrreryError } from '@orrery/protocol'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.ts'

const int8 = 20

/** Sizes and serial numbers stay far below 2^53, so a `bigint` may arrive as a number. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === int8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
}

/** What a claim uses at the same time; kept open, for a job that comes after a quiet hour shall not wait for new ones. */
const leastConnections = 4
const mostConnections = 20

/** A pool on the database. Connections that die idle are replaced at the next use. */
export function openDatabase(databaseUrl: string): Kysely<Schema> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    min: leastConnections,
    max: mostConnections,
    types,
    application_name: 'orrery',
  })
  // Without a listener a lost connection would end the process; the query on it, or the next one, reports the trouble.
  // The pool listens for connections that lie idle only, so those in use need a listener of their own.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'EACCES', 'ENOTFOUND', 'ETIMEDOUT'])

/**
 * The one place where errors of the database become errors for people. Anything unknown passes unchanged: it is a
 * fault of ours and must stay loud.
 */
export function translateError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OrreryError) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === '22P02') return new OrreryError('ORY_NOT_FOUND', ['object'], { cause: error })
  if (code === '22021') return new OrreryError('ORY_BAD_REQUEST', ['a text holds a NUL character'], { cause: error })
  if (isConnectionTrouble(code, error.message)) {
    return new OrreryError('ORY_DATABASE', [error.message || code], { cause: error })
  }
  return error
}

/** Classes 08 (connection), 53 (resources), 57 (shutdown) and the network's own. */
function isConnectionTrouble(code: string, message: string): boolean {
  return (
    networkCodes.has(code) ||
    /^(08|53|57)/.test(code) ||
    /connection terminated|connection ended|not queryable/i.test(message)
  )
}
