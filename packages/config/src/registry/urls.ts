import type { OrbResolver } from '../compile-types.ts'
import { digestOf } from './digest.ts'
import { type FetchText, fetchPublic } from './fetch.ts'

/**
 * URL orbs from allowed addresses only (spec: config-language.md 19.3). A prefix is `https://host/path/` and ends with
 * `/`, so that `https://a.example/orbs/` does not let `https://a.example/orbs-of-others/` in.
 */
export function urlOrbs(prefixes: readonly string[], fetch: FetchText = fetchPublic): OrbResolver {
  const allowed = prefixes.filter((prefix) => /^https:\/\/[^/]+\/(?:.*\/)?$/.test(prefix))
  return {
    resolve: async (reference) => {
      const url = plainUrl(reference)
      if (url === undefined || !allowed.some((prefix) => url.startsWith(prefix))) {
        return { ok: false, code: 'C423', reason: 'add its prefix to the allowed addresses of URL orbs' }
      }
      const answer = await fetch(url)
      if ('reason' in answer) return { ok: false, reason: answer.reason }
      return { ok: true, resolved: reference, digest: digestOf(answer.text), text: answer.text }
    },
  }
}

/** The address as it will be asked for; undefined for what could mean two things (credentials, `..`, other ports' tricks). */
function plainUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return undefined
  // What a parser changes (dot segments, backslashes, host case) would make the prefix check one of another address.
  return url.href === text || url.href === `${text}/` ? url.href : undefined
}
