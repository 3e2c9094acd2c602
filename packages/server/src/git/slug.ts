import { OrreryError } from '@orrery/protocol'

const segment = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?'
const slugShape = new RegExp(`^${segment}/${segment}/${segment}$`)

/**
 * `<vcs>/<org>/<project>` (api.md 1.3). Since a slug is also a path below the data directory, each part starts with a
 * letter or digit, which leaves no room for `..`, hidden names or options, and never ends like a repository folder.
 */
export function isSlug(text: string): boolean {
  return slugShape.test(text) && !/\.(git|lock)(\/|$)/i.test(text)
}

/** The slug, or ORY_BAD_REQUEST. */
export function checkSlug(slug: string): string {
  if (!isSlug(slug)) {
    throw new OrreryError('ORY_BAD_REQUEST', [`${JSON.stringify(slug)} is not a project slug such as local/acme/app`])
  }
  return slug
}
