import type { FastifyRequest } from 'fastify'

/**
 * True when a request that changes something, made with the session cookie, may come from another site's page. Browsers
 * send `Origin` with every such request; clients without one can send `X-Orrery: 1`, which a foreign page cannot do
 * without a preflight that we never answer.
 */
export function isForgery(request: FastifyRequest, publicUrl: string): boolean {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return false
  const origin = request.headers.origin
  if (origin !== undefined) return !isOwnOrigin(origin, request, publicUrl)
  return request.headers['x-orrery'] !== '1'
}

/** True when the page that sent the request is ours: by the name the request was sent to, or by the public one. */
export function isOwnOrigin(origin: string, request: FastifyRequest, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false
  return new URL(origin).host === request.headers.host || origin === new URL(publicUrl).origin
}
