import { createHash } from 'node:crypto'
import { type ImageSpec, OrreryError } from '@orrery/protocol'
import type Docker from 'dockerode'
import { assumeRole } from './assume-role.ts'
import { type AwsKeys, type EcrSettings, ecrLogin, ecrOf } from './ecr.ts'
import { garOf, googleLogin } from './gar.ts'
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
 * @throws OrreryError ORY_REGISTRY_IDENTITY, ORY_BAD_REQUEST, ORY_IMAGE_PULL; CloudUnreachable.
 */
export async function registryLogin(
  source: ImageSource,
  spec: ImageSpec,
  image: string,
  isHere: boolean,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<Docker.AuthConfigObject | undefined> {
  const { auth, awsAuth, gcpAuth } = spec
  const serveraddress = registryOf(image)
  if (serveraddress !== registryOf(spec.image)) return undefined
  if (auth !== undefined) return { ...auth, serveraddress }
  const ask =
    awsAuth !== undefined
      ? awsLogin(source, spec.image, serveraddress, awsAuth, signal)
      : gcpAuth !== undefined
        ? gcpLogin(source, spec.image, serveraddress, gcpAuth, log, signal)
        : undefined
  if (ask === undefined || isHere) return undefined
  const key = createHash('sha256')
    .update(JSON.stringify([serveraddress, awsAuth, gcpAuth]))
    .digest('hex')
  const known = source.logins.get(key)
  if (known !== undefined && performance.now() - known.at < freshnessMs) return { ...known.login, serveraddress }
  const login = await ask()
  if (login === undefined) return undefined
  if (source.logins.size > 1000) source.logins.clear()
  source.logins.set(key, { login, at: performance.now() })
  return { ...login, serveraddress }
}

/** Asks a cloud for a login; undefined when the pull is tried without one. */
type Ask = () => Promise<{ username: string; password: string } | undefined>

function awsLogin(
  source: ImageSource,
  image: string,
  registry: string,
  awsAuth: NonNullable<ImageSpec['awsAuth']>,
  signal: AbortSignal,
): Ask {
  if ('roleArn' in awsAuth && awsAuth.token === undefined) throw new OrreryError('ORY_REGISTRY_IDENTITY', [image])
  const ecr = source.ecr ?? ecrOf(registry)
  if (ecr === undefined) throw notOf('aws_auth', image, 'AWS')
  return async () => ecrLogin(image, await keysOf(image, awsAuth, ecr, signal), ecr, signal)
}

/**
 * By the variables of the job alone the login is tried: its image may be public, and what Google refuses is told as a
 * warning then.
 */
function gcpLogin(
  source: ImageSource,
  image: string,
  registry: string,
  { automatic, token, ...wish }: NonNullable<ImageSpec['gcpAuth']>,
  log: (text: string) => void,
  signal: AbortSignal,
): Ask | undefined {
  if (token === undefined) {
    if (automatic) return undefined
    throw new OrreryError('ORY_REGISTRY_IDENTITY', [image])
  }
  const gar = source.gar ?? garOf(registry)
  if (gar === undefined) throw notOf('gcp_auth', image, 'Google')
  const ask: Ask = () => googleLogin(image, { ...wish, token }, gar, signal)
  if (!automatic) return ask
  return async () => {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error
      log(`  warning: no login by the GCP_* variables of this job: ${error.message}\n`)
      return undefined
    }
  }
}

function notOf(key: string, image: string, cloud: string): OrreryError {
  const host = parseReference(image).repository.split('/', 1)[0] ?? ''
  return new OrreryError('ORY_BAD_REQUEST', [`${key}: ${host} is no registry of ${cloud}; use auth for others`])
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
  if (spec.gcpAuth !== undefined && spec.gcpAuth.token === undefined) return '; this job has no identity to log in with'
  const { auth } = spec
  const unset = auth === undefined ? [] : (['username', 'password'] as const).filter((key) => isReference(auth[key]))
  if (unset.length === 0) return ''
  return `; the variable that auth.${unset.join(' and auth.')} names is set neither in the project nor in a context of this job`
}

/** Whole values only: a `$` inside may belong to a password. */
function isReference(value: string): boolean {
  return /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})$/.test(value)
}
