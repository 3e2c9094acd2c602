import { createHash } from 'node:crypto'

/**
 * Organizations are the first part of the slug and have no rows; scripts still expect one UUID for each, the same for
 * ever. So do readers of answers and tokens that name people by id.
 */
export function organizationId(organization: string): string {
  return uuidOf(`organization:${organization}`)
}

export function userId(login: string): string {
  return uuidOf(`orrery user ${login}`)
}

/** The organization of a project: its slug without the last part. */
export function organizationOf(projectSlug: string): string {
  return projectSlug.slice(0, Math.max(0, projectSlug.lastIndexOf('/')))
}

/** Version 8: made by a rule of our own (RFC 9562). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
