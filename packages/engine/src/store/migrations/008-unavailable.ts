import { type Kysely, sql } from 'kysely'

/** Why no place of any installation of this version is what a job asks for; found when the job is made. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column unavailable text`.execute(db)
}
