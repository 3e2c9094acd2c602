import { OrreryError, type SshKey, type SshKeyView } from '@orrery/protocol'
import type { Kysely } from 'kysely'
import type { EngineContext } from '../context.ts'
import { parseSshKey } from '../secrets/parse-ssh-key.ts'
import { type SecretBox, secretOwner } from '../secrets/secret-box.ts'
import type { Schema } from '../store/schema.ts'

/** Adds or replaces; the event names the fingerprint, never the key (spec: execution.md 10.7). */
export async function addSshKey(
  ctx: EngineContext,
  projectId: string,
  request: { hostname: string; privateKey: string },
): Promise<SshKeyView> {
  const hostname = checkHostname(request.hostname)
  const privateKey = request.privateKey.replaceAll('\r\n', '\n').trim()
  const { publicKey, fingerprintMd5, fingerprintSha256 } = await parseSshKey(privateKey)
  await ctx.transact(async (tx) => {
    const project = await tx.db.selectFrom('projects').select('id').where('id', '=', projectId).executeTakeFirst()
    if (!project) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    const sealed = ctx.secrets.seal(secretOwner.sshKey(project.id, fingerprintSha256), privateKey)
    await tx.db
      .insertInto('project_ssh_keys')
      .values({
        project_id: project.id,
        hostname,
        fingerprint_md5: fingerprintMd5,
        fingerprint_sha256: fingerprintSha256,
        public_key: publicKey,
        sealed,
        created_at: tx.now,
      })
      .onConflict((conflict) =>
        conflict.columns(['project_id', 'fingerprint_sha256', 'hostname']).doUpdateSet({ sealed }),
      )
      .execute()
    tx.event('project.ssh_key_added', { projectId: project.id }, { hostname, fingerprint: fingerprintSha256 })
  })
  return { hostname, publicKey, fingerprintMd5, fingerprintSha256 }
}

export async function listSshKeys(ctx: EngineContext, projectId: string): Promise<SshKeyView[]> {
  const rows = await rowsOf(ctx.db, projectId)
  return rows.map((row) => ({
    hostname: row.hostname,
    publicKey: row.public_key,
    fingerprintMd5: row.fingerprint_md5,
    fingerprintSha256: row.fingerprint_sha256,
  }))
}

/** `fingerprint` in either form. Throws ORY_NOT_FOUND. */
export function deleteSshKey(
  ctx: EngineContext,
  projectId: string,
  request: { hostname: string; fingerprint: string },
): Promise<void> {
  const { hostname } = request
  const fingerprint = request.fingerprint.replace(/^(?:SHA256|MD5):|=+$/gi, '')
  return ctx.transact(async (tx) => {
    const gone = await tx.db
      .deleteFrom('project_ssh_keys')
      .where('project_id', '=', projectId)
      .where('hostname', '=', hostname.toLowerCase())
      .where((where) =>
        where.or([
          where('fingerprint_sha256', '=', fingerprint),
          where('fingerprint_md5', '=', fingerprint.toLowerCase()),
        ]),
      )
      .returning('fingerprint_sha256')
      .execute()
    if (gone.length === 0) throw new OrreryError('ORY_NOT_FOUND', ['SSH key'])
    tx.event('project.ssh_key_deleted', { projectId }, { hostname, fingerprint: gone[0]?.fingerprint_sha256 ?? '' })
  })
}

/** Private keys in the clear, oldest first, for a task's document. */
export async function openSshKeys(db: Kysely<Schema>, secrets: SecretBox, projectId: string): Promise<SshKey[]> {
  const rows = await rowsOf(db, projectId)
  return rows.map((row) => ({
    hostname: row.hostname,
    fingerprintMd5: row.fingerprint_md5,
    fingerprintSha256: row.fingerprint_sha256,
    privateKey: `${secrets.open(secretOwner.sshKey(projectId, row.fingerprint_sha256), row.sealed)}\n`,
  }))
}

function rowsOf(db: Kysely<Schema>, projectId: string) {
  return db
    .selectFrom('project_ssh_keys')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('created_at')
    .orderBy('fingerprint_sha256')
    .execute()
}

/** It becomes a pattern in ~/.ssh/config: neither blanks nor line ends, so that it stays one word of one line. */
function checkHostname(hostname: string): string {
  if (/^[A-Za-z0-9._:*-]{0,253}$/.test(hostname)) return hostname.toLowerCase()
  throw new OrreryError('ORY_BAD_REQUEST', [`hostname: ${JSON.stringify(hostname)} is not the name of a host`])
}
