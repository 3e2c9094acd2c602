import { OrreryError } from '@orrery/protocol'
import { CloudUnreachable, isPassing, persistently, postToCloud, redacted } from './cloud.ts'
import type { AwsKeys, EcrSettings } from './ecr.ts'

export interface RoleWish {
  roleArn: string
  /** A token of the job, whose issuer the role trusts. */
  token: string
}

/**
 * Keys that AWS lends for a role to whoever shows a token that the role trusts (spec: execution.md 4.5). What may pass by
 * itself is tried again.
 *
 * @throws OrreryError ORY_IMAGE_PULL with what AWS said; CloudUnreachable.
 */
export function assumeRole(image: string, wish: RoleWish, at: EcrSettings, signal: AbortSignal): Promise<AwsKeys> {
  return persistently(() => askOnce(image, wish, at, signal), signal)
}

async function askOnce(image: string, { roleArn, token }: RoleWish, at: EcrSettings, signal: AbortSignal) {
  const url = new URL(at.sts ?? `https://sts.${at.region}.amazonaws.com`)
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: 'orrery-image-pull',
    WebIdentityToken: token,
  })
  const answer = await postToCloud(url, {}, body, signal)
  const { text } = answer
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((name) =>
    element(text, name),
  )
  if (answer.ok && accessKeyId && secretAccessKey && sessionToken) return { accessKeyId, secretAccessKey, sessionToken }
  const said = [element(text, 'Code') ?? `HTTP ${answer.status}`, element(text, 'Message')].filter(Boolean).join(': ')
  if (isPassing(answer) || /Throttling|IDPCommunicationError/.test(said)) {
    throw new CloudUnreachable(`${url.host} says ${said}`)
  }
  const safe = redacted(said, [token]).slice(0, 500)
  throw new OrreryError('ORY_IMAGE_PULL', [image, `AWS does not let this job take the role ${roleArn} (${safe})`])
}

/** The text of an element that holds nothing but text. Keys and tokens are of letters, digits and `+/=` alone. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<&]*)</${name}>`).exec(xml)?.[1]
}
