import { OrreryError } from '@orrery/protocol'
import aws4 from 'aws4'
import { z } from 'zod'
import { CloudUnreachable, isPassing, parsed, persistently, postToCloud, redacted } from './cloud.ts'

/** Where ECR answers, for whom the name of the registry does not tell it: FIPS or private endpoints, other clouds. */
export interface EcrSettings {
  /** e.g. `https://ecr-fips.us-east-1.amazonaws.com`. */
  endpoint: string
  region: string
  /** Where AWS lends keys to whoever may take a role; default: that of the region. */
  sts?: string | undefined
}

export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

const host = /^\d{12}\.dkr[.-]ecr(?<fips>-fips)?\.(?<region>[a-z0-9-]+)\.(?:amazonaws\.com(?<china>\.cn)?|on\.aws)$/

/** The service that gives logins for this registry. Undefined when the registry is none of AWS's. */
export function ecrOf(registry: string): EcrSettings | undefined {
  const parts = host.exec(registry)?.groups
  if (parts === undefined) return undefined
  const region = parts['region'] ?? ''
  const service = parts['fips'] === undefined ? 'api.ecr' : 'ecr-fips'
  const domain = `${region}.amazonaws.com${parts['china'] ?? ''}`
  const lender = parts['fips'] === undefined ? 'sts' : 'sts-fips'
  return { endpoint: `https://${service}.${domain}`, region, sts: `https://${lender}.${domain}` }
}

/**
 * A login for the registry, good for some hours. What may pass by itself is tried again three times.
 *
 * @throws OrreryError ORY_IMAGE_PULL with what AWS said; CloudUnreachable.
 */
export function ecrLogin(
  image: string,
  keys: AwsKeys,
  at: EcrSettings,
  signal: AbortSignal,
): Promise<{ username: string; password: string }> {
  return persistently(() => askOnce(image, keys, at, signal), signal)
}

const Answer = z.object({ authorizationData: z.array(z.object({ authorizationToken: z.string() })).min(1) })
const Refusal = z.object({ __type: z.string(), message: z.string().default(''), Message: z.string().default('') })

async function askOnce(image: string, keys: AwsKeys, at: EcrSettings, signal: AbortSignal) {
  const url = new URL(at.endpoint)
  const signed = aws4.sign(
    {
      host: url.host,
      path: '/',
      method: 'POST',
      service: 'ecr',
      region: at.region,
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
      },
      body: '{}',
    },
    { ...keys, sessionToken: keys.sessionToken },
  )
  const answer = await postToCloud(url, headersOf(signed.headers), '{}', signal)
  if (answer.ok) return readLogin(image, answer.text)
  const { type, message } = readRefusal(answer.text)
  const said = type === '' ? `HTTP ${answer.status}` : `${type}: ${message}`
  if (isPassing(answer) || /Throttling|TooManyRequests/.test(type)) {
    throw new CloudUnreachable(`${url.host} says ${said}`)
  }
  // A refused signature is explained by AWS with what was signed.
  const safe = redacted(said, [keys.secretAccessKey, keys.sessionToken])
  throw new OrreryError('ORY_IMAGE_PULL', [image, `AWS gives no login for the registry (${safe})`])
}

/** The token is `AWS:password` in base64. */
function readLogin(image: string, text: string): { username: string; password: string } {
  const answer = Answer.safeParse(parsed(text))
  const token = Buffer.from(answer.data?.authorizationData[0]?.authorizationToken ?? '', 'base64').toString()
  const colon = token.indexOf(':')
  if (colon === -1) throw new OrreryError('ORY_IMAGE_PULL', [image, 'the answer of AWS holds no login'])
  return { username: token.slice(0, colon), password: token.slice(colon + 1) }
}

function readRefusal(text: string): { type: string; message: string } {
  const refusal = Refusal.safeParse(parsed(text))
  if (!refusal.success) return { type: '', message: '' }
  const { __type, message, Message } = refusal.data
  return { type: __type.replace(/^.*#/, ''), message: (message || Message).slice(0, 500) }
}

/** Without those that `fetch` sets itself, to the same values. */
function headersOf(headers: object | undefined): Record<string, string> {
  const all = Object.entries(headers ?? {}).map(([name, value]): [string, string] => [name, String(value)])
  return Object.fromEntries(all.filter(([name]) => name !== 'Host' && name !== 'Content-Length'))
}
