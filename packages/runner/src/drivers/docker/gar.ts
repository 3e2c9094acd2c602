import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { type CloudAnswer, CloudUnreachable, isPassing, parsed, persistently, postToCloud, redacted } from './cloud.ts'

/** Where Google exchanges tokens, for whom its public addresses are not the ones: private endpoints. */
export interface GarSettings {
  /** e.g. `https://sts.googleapis.com`. */
  sts: string
  /** e.g. `https://iamcredentials.googleapis.com`. */
  iamCredentials: string
}

export interface GoogleWish {
  /** The account that may read the repository: its e-mail address. */
  serviceAccount: string
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL`, or the pool's short name beside a full provider. */
  pool: string
  /** The provider's short name, or its full one behind the pool's. */
  provider: string
  /** A token of the job, whose issuer the provider trusts. */
  token: string
}

/** The services that give logins for this registry. Undefined when the registry is none of Google's. */
export function garOf(registry: string): GarSettings | undefined {
  if (!/^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)$/.test(registry)) return undefined
  return { sts: 'https://sts.googleapis.com', iamCredentials: 'https://iamcredentials.googleapis.com' }
}

/**
 * A login for Artifact Registry, good for an hour: Google exchanges the job's token for one of the pool, and that for one
 * of the service account (spec: execution.md 4.5). What may pass by itself is tried again.
 *
 * @throws OrreryError ORY_IMAGE_PULL with what Google said, ORY_BAD_REQUEST; CloudUnreachable.
 */
export async function googleLogin(
  image: string,
  wish: GoogleWish,
  at: GarSettings,
  signal: AbortSignal,
): Promise<{ username: string; password: string }> {
  const audience = audienceOf(wish)
  const account = wish.serviceAccount
  if (!/^[\w.+-]+@[\w.-]+$/.test(account)) throw malformed('oidc_service_account', account, 'an e-mail address')
  const scope = 'https://www.googleapis.com/auth/cloud-platform'
  const federated = await persistently(async () => {
    const body = {
      grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience,
      scope,
      requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
      subjectToken: wish.token,
      subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
    }
    return ask(image, new URL('/v1/token', at.sts), {}, body, 'access_token', wish.token, signal)
  }, signal)
  const path = `/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateAccessToken`
  const password = await persistently(() => {
    const headers = { authorization: `Bearer ${federated}` }
    const body = { scope: [scope], lifetime: '3600s' }
    return ask(image, new URL(path, at.iamCredentials), headers, body, 'accessToken', federated, signal)
  }, signal)
  return { username: 'oauth2accesstoken', password }
}

const fullPool = /^projects\/\d+\/locations\/[a-z0-9-]+\/workloadIdentityPools\/[\w-]+$/
const fullProvider = /^projects\/\d+\/locations\/[a-z0-9-]+\/workloadIdentityPools\/[\w-]+\/providers\/[\w-]+$/

/** The provider's full name is whom the exchange is for. Only the full names hold the number of the project. */
function audienceOf({ pool, provider }: GoogleWish): string {
  const [shortPool, shortProvider] = [pool, provider].map((name) =>
    name.replace(/^(?:https:)?\/\/iam\.googleapis\.com\//, ''),
  )
  const name = fullProvider.test(shortProvider ?? '') ? shortProvider : `${shortPool}/providers/${shortProvider}`
  if (name !== undefined && fullProvider.test(name)) return `//iam.googleapis.com/${name}`
  if (!fullPool.test(shortPool ?? '')) {
    throw malformed('workload_identity_pool', pool, 'projects/NUMBER/locations/global/workloadIdentityPools/POOL')
  }
  throw malformed('workload_identity_provider', provider, 'the name of a provider of the pool')
}

function malformed(key: string, value: string, form: string): OrreryError {
  return new OrreryError('ORY_BAD_REQUEST', [`gcp_auth: ${key} is "${value.slice(0, 200)}", which is not ${form}`])
}

async function ask(
  image: string,
  url: URL,
  headers: Record<string, string>,
  body: object,
  wanted: 'access_token' | 'accessToken',
  secret: string,
  signal: AbortSignal,
): Promise<string> {
  const sent = { ...headers, 'content-type': 'application/json' }
  const answer = await postToCloud(url, sent, JSON.stringify(body), signal)
  const token = z.object({ [wanted]: z.string().min(1) }).safeParse(parsed(answer.text)).data?.[wanted]
  if (answer.ok && token !== undefined) return token
  const said = answer.ok ? 'the answer holds no token' : refusalOf(answer)
  if (isPassing(answer)) throw new CloudUnreachable(`${url.host} says ${said}`)
  const safe = redacted(said, [secret]).slice(0, 500)
  throw new OrreryError('ORY_IMAGE_PULL', [image, `Google gives no login for the registry (${safe})`])
}

/** The exchange speaks OAuth, the other service Google's own form. */
const Refusal = z.union([
  z
    .object({ error: z.string(), error_description: z.string().default('') })
    .transform(({ error, error_description }) => [error, error_description]),
  z
    .object({ error: z.object({ status: z.string().default(''), message: z.string().default('') }) })
    .transform(({ error }) => [error.status, error.message]),
])

function refusalOf({ status, text }: CloudAnswer): string {
  const words = Refusal.safeParse(parsed(text)).data?.filter((part) => part !== '') ?? []
  return words.length === 0 ? `HTTP ${status}` : words.join(': ')
}
