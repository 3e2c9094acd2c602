import { createHash } from 'node:crypto'
import { type ImageSpec, OrreryError } from '@orrery/protocol'
import type Docker from 'dockerode'
import { assumeRole } from './assume-role.ts'
import { type AwsKeys, type EcrSettings, ecrLogin, ecrOf } from './ecr.ts'
import { parseReference, registryOf } from './image-map.ts'
import type { ImageSource } from './image-source.ts'

/** How long a login that a registry's service gave is used again, ms: hot images must not cost a round trip per job. */
const freshnessMs = 60_000

/**
 * The login for an image in the engine's form (spec: execution.md 4.5), or undefined when it is pulled without one. It
 * is good for the registry that the config names: an image that the operator's mapping puts in its place is had
 * without it, or the job's password would go to somebody else.
 *
 * @param image the image after the mapping
 * @param isHere the image is on this host and needs no login
 * @throws OrreryError ORY_REGISTRY_IDENTITY, ORY_BAD_REQUEST, ORY_IMAGE_PULL; EcrUnreachable.
 */
export async function registryLogin(
  source: ImageSource,
  spec: ImageSpec,
  image: string,
  isHere: boolean,
  signal: AbortSignal,
): Promise<Docker.AuthConfigObject | undefined> {
  const { auth, awsAuth, gcpAuth } = spec
  const serveraddress = registryOf(image)
  if (serveraddress !== registryOf(spec.image)) return undefined
  if (auth !== undefined) return { ...auth, serveraddress }
  if (gcpAuth?.automatic === false) throw new OrreryError('ORY_REGISTRY_IDENTITY', [spec.image])
  if (awsAuth === undefined) return undefined
  if ('roleArn' in awsAuth && awsAuth.token === undefined) throw new OrreryError('ORY_REGISTRY_IDENTITY', [spec.image])

  const ecr = source.ecr ?? ecrOf(serveraddress)
  if (ecr === undefined) {
    const host = parseReference(spec.image).repository.split('/', 1)[0] ?? ''
    throw new OrreryError('ORY_BAD_REQUEST', [`aws_auth: ${host} is no registry of AWS; use auth for others`])
  }
  if (isHere) return undefined
  const key = createHash('sha256')
    .update(JSON.stringify([serveraddress, awsAuth]))
    .digest('hex')
  const known = source.logins.get(key)
  if (known !== undefined && performance.now() - known.at < freshnessMs) return { ...known.login, serveraddress }
  const keys = await keysOf(spec.image, awsAuth, ecr, signal)
  const login = await ecrLogin(spec.image, keys, ecr, signal)
  if (source.logins.size > 1000) source.logins.clear()
  source.logins.set(key, { login, at: performance.now() })
  return { ...login, serveraddress }
}

async function keysOf(
  image: string,
  awsAuth: NonNullable<ImageSpec['awsAuth']>,
  ecr: EcrSettings,
  signal: AbortSignal,
): Promise<AwsKeys> {
  if (!('roleArn' in awsAuth)) return awsAuth
  return assumeRole(image, { roleArn: awsAuth.roleArn, token: awsAuth.token ?? '' }, ecr, signal)
}

/** The registry's own words, which may quote what it was given: no part of a login must come out with them. */
export function withoutSecrets(text: string, login: Docker.AuthConfigObject | undefined): string {
  const secrets = [login?.password, login === undefined ? '' : basicOf(login)].filter((one) => one)
  return secrets.reduce<string>((rest, secret) => rest.replaceAll(secret ?? '', '**REDACTED**'), text)
}

function basicOf({ username = '', password = '' }: Docker.AuthConfigObject): string {
  return Buffer.from(`${username}:${password}`).toString('base64')
}

/** What may be the cause of a refusal, in a sentence to put behind the registry's. */
export function whyRefused(spec: ImageSpec): string {
  if (spec.gcpAuth !== undefined) return `; ${new OrreryError('ORY_REGISTRY_IDENTITY', ['gcp_auth']).message}`
  const { auth } = spec
  const unset = auth === undefined ? [] : (['username', 'password'] as const).filter((key) => isReference(auth[key]))
  if (unset.length === 0) return ''
  return `; the variable that auth.${unset.join(' and auth.')} names is set neither in the project nor in a context of this job`
}

/** Whole values only: a `$` inside may belong to a password. */
function isReference(value: string): boolean {
  return /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})$/.test(value)
}
