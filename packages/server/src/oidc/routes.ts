import { issuerOf } from '@orrery/engine'
import { z } from 'zod'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import type { Services } from '../services.ts'

const Organization = z.object({ organization: z.uuid() })
const Discovery = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  response_types_supported: z.array(z.string()),
  subject_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  scopes_supported: z.array(z.string()),
  claims_supported: z.array(z.string()),
})
const Jwk = z.object({
  kty: z.string(),
  n: z.string(),
  e: z.string(),
  kid: z.string(),
  alg: z.string(),
  use: z.string(),
})
const Jwks = z.object({ keys: z.array(Jwk) })

/** What others need to verify the tokens of jobs (platform.md 15): of the installation, and of each organization. */
export async function oidcRoutes(app: App, { signer, publicUrl }: Services): Promise<void> {
  setAccess(app, 'public')
  const keys = { keys: [signer.jwk] }
  app.get('/.well-known/openid-configuration', { schema: { response: { 200: Discovery } } }, async () =>
    discovery(issuerOf(publicUrl())),
  )
  app.get('/.well-known/jwks', { schema: { response: { 200: Jwks } } }, async () => keys)
  app.get(
    '/org/:organization/.well-known/openid-configuration',
    { schema: { params: Organization, response: { 200: Discovery } } },
    async ({ params }) => discovery(issuerOf(publicUrl(), params.organization)),
  )
  app.get(
    '/org/:organization/.well-known/jwks',
    { schema: { params: Organization, response: { 200: Jwks } } },
    async () => keys,
  )
}

function discovery(issuer: string): z.infer<typeof Discovery> {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp'],
  }
}
