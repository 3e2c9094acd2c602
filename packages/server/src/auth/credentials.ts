import type { IncomingHttpHeaders } from 'node:http'

/**
 * Every token a request carries, in the forms clients really send (api.md 1.1): `Circle-Token`, Bearer, and Basic with
 * the token as user or password. Some libraries send two at once, so the caller accepts if any is valid. An empty
 * credential counts as none. Never from the query: addresses end up in logs and histories.
 */
export function credentialsOf(headers: IncomingHttpHeaders): string[] {
  const found: string[] = []
  const circle = headers['circle-token']
  if (typeof circle === 'string') found.push(circle)
  found.push(...fromAuthorization(headers.authorization ?? ''))
  return found.map((token) => token.trim()).filter((token) => token !== '')
}

function fromAuthorization(header: string): string[] {
  const space = header.indexOf(' ')
  if (space < 0) return []
  const scheme = header.slice(0, space).toLowerCase()
  const rest = header.slice(space + 1).trim()
  if (scheme === 'bearer') return [rest]
  if (scheme !== 'basic') return []
  const pair = Buffer.from(rest, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon < 0 ? [pair] : [pair.slice(0, colon), pair.slice(colon + 1)]
}
