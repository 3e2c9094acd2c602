import { createHash } from 'node:crypto'
import { type ImageSpec, type JobSpec, OrreryError, type ResourceClass } from '@orrery/protocol'
import type Docker from 'dockerode'
import { engineMessage, engineStatus, isEngineAway } from './client.ts'
import { CloudUnreachable } from './cloud.ts'
import { mapImage, parseReference } from './image-map.ts'
import type { ImageSource, Look } from './image-source.ts'
import { isFinalRefusal, pullImage } from './pull.ts'
import { registryLogin, whyRefused, withoutSecrets } from './registry-login.ts'

/** What the driver needs of an image that is now on the engine. */
export interface ReadyImage {
  reference: string
  /** The engine's own name for this very content. */
  id: string
  entrypoint: readonly string[]
  command: readonly string[]
  /** TCP ports the image EXPOSEs. */
  ports: readonly number[]
  preservesEntrypoint: boolean
  /** The image's ENV. */
  environment: Readonly<Record<string, string>>
}

/** How long a comparison of a mutable tag with its registry counts, ms: hot images must not cost a round trip per job. */
const freshnessMs = 60_000
/** How long the registry may take to name a digest before a local image is used instead, ms. */
const registryPatienceMs = 5_000

/** Asks the engine for the task's images already; `prepareImage` takes the answers. */
export function lookAhead(source: ImageSource, spec: JobSpec): void {
  if (spec.executor.type !== 'docker') return
  const names = new Set(spec.executor.images.map(({ image }) => mapImage(source.imageMap, image) ?? image))
  const looks = [...names].map((name): [string, Look] => [name, inspect(source.docker, name)])
  // Whoever prepares the image meets the error.
  for (const [, look] of looks) look.catch(() => undefined)
  source.looks.set(spec, new Map(looks))
}

/**
 * Makes sure the engine holds the image, and says in the log which one it is (spec: execution.md 2.4, 4.5). The
 * mapping comes first. A local image is used as it is when it has a fixed digest, when it never came from a registry,
 * or (with a warning) when the registry cannot be asked; a registry that refuses is believed.
 * Throws ORY_IMAGE_PULL.
 */
export async function prepareImage(
  source: ImageSource,
  spec: ImageSpec,
  arch: ResourceClass['arch'],
  log: (text: string) => void,
  signal: AbortSignal,
  looks?: ReadonlyMap<string, Look>,
): Promise<ReadyImage> {
  const mapped = mapImage(source.imageMap, spec.image)
  const image = mapped ?? spec.image
  const mapping = mapped === undefined ? '' : `  image mapping of this runner: ${spec.image} -> ${mapped}\n`
  log(`Starting container ${spec.image}\n${mapping}`)
  const local = await (looks?.get(image) ?? inspect(source.docker, image))
  const isFixed = local !== undefined && isFixedHere(image, local)
  const refused = (error: unknown) => refusal(image, error, login, whyRefused(spec))
  // It may never have been in a registry, and only the operator can mean such a one.
  const keepsOwn = mapped !== undefined && !source.tellsOrigins
  let login: Docker.AuthConfigObject | undefined
  let verdict: Verdict
  try {
    login = await registryLogin(source, spec, image, isFixed, log, signal)
    verdict =
      local === undefined
        ? 'pull'
        : isFixed
          ? 'use'
          : await judge(source, image, local, login, keepsOwn ? undefined : refused)
  } catch (error) {
    if (!(error instanceof CloudUnreachable) || local === undefined) throw refused(error)
    verdict = 'unreachable'
  }
  if (verdict === 'use') log('  image found on this host\n')
  if (verdict === 'unknown') log('  no registry has it; using the image found on this host\n')
  if (verdict === 'unreachable') {
    log('  warning: the registry does not answer; using the image found on this host, which may be old\n')
  }

  let wasPulled = false
  if (verdict === 'pull') {
    if (login === undefined)
      log('  warning: pulling without credentials; registries limit such pulls, consider `auth`\n')
    try {
      await pullImage(source.docker, image, login, arch, log, signal)
      wasPulled = true
    } catch (error) {
      signal.throwIfAborted()
      if (local === undefined || isFinalRefusal(error)) throw refused(error)
      log(`  warning: the pull failed; using the image found on this host, which may be old\n`)
    }
  }

  const ready = wasPulled ? await inspect(source.docker, image) : local
  if (ready !== undefined && wasPulled && !source.asksRegistries) isFresh(source, image, ready, login)
  if (ready === undefined) throw new OrreryError('ORY_IMAGE_PULL', [image, 'the engine lost it after the pull'])
  describe(image, ready, arch, log)
  return {
    reference: image,
    id: ready.Id,
    entrypoint: list(ready.Config.Entrypoint),
    command: list(ready.Config.Cmd),
    ports: exposedPorts(ready.Config.ExposedPorts),
    preservesEntrypoint: ready.Config.Labels?.['com.circleci.preserve-entrypoint'] === 'true',
    environment: variablesOf(ready.Config.Env),
  }
}

function variablesOf(env: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries((env ?? []).map((one) => [one.split('=', 1)[0] ?? '', one.slice(one.indexOf('=') + 1)]))
}

type Verdict = 'use' | 'pull' | 'unknown' | 'unreachable'

/** A digest means one content for ever; an image that never came from a registry has nobody to be compared with. */
function isFixedHere(image: string, local: Docker.ImageInspectInfo): boolean {
  return parseReference(image).digest !== undefined || digestFrom(image, local) === undefined
}

/** Is a local image good enough? See `prepareImage`. `refused`: what a registry's refusal becomes; absent where it is no matter. */
async function judge(
  source: ImageSource,
  image: string,
  local: Docker.ImageInspectInfo,
  auth: Docker.AuthConfigObject | undefined,
  refused: ((error: unknown) => OrreryError) | undefined,
): Promise<Verdict> {
  const last = source.checked.get(keyOf(image, local, auth))
  if (last !== undefined && performance.now() - last < freshnessMs) return 'use'
  if (!source.asksRegistries) return 'pull'

  try {
    const options = auth === undefined ? {} : { authconfig: auth }
    const answer: unknown = await withPatience(source.docker.getImage(image).distribution(options))
    const digest = remoteDigest(answer)
    if (!(local.RepoDigests ?? []).some((one) => one.endsWith(`@${digest}`))) return 'pull'
    isFresh(source, image, local, auth)
    return 'use'
  } catch (error) {
    // A private image that another job left here must not be had without its credentials.
    if (!isFinalRefusal(error)) return 'unreachable'
    if (refused === undefined) return 'unknown'
    throw refused(error)
  }
}

/** The registry has this very image under the name, and gives it to who has this login. */
function isFresh(
  source: ImageSource,
  image: string,
  local: Docker.ImageInspectInfo,
  auth: Docker.AuthConfigObject | undefined,
): void {
  if (source.checked.size > 1000) source.checked.clear()
  source.checked.set(keyOf(image, local, auth), performance.now())
}

function keyOf(image: string, { Id }: Docker.ImageInspectInfo, auth: Docker.AuthConfigObject | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify([image, Id, auth ?? null]))
    .digest('hex')
}

function remoteDigest(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('Descriptor' in answer)) return ''
  const descriptor = answer.Descriptor
  if (typeof descriptor !== 'object' || descriptor === null || !('digest' in descriptor)) return ''
  return String(descriptor.digest)
}

async function withPatience<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('the registry took too long')), registryPatienceMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

async function inspect(docker: Docker, image: string): Promise<Docker.ImageInspectInfo | undefined> {
  try {
    return await docker.getImage(image).inspect()
  } catch (error) {
    if (engineStatus(error) === 404) return undefined
    if (isEngineAway(error)) throw new OrreryError('ORY_ENGINE_MISSING', [engineMessage(error)], { cause: error })
    throw refusal(image, error)
  }
}

function refusal(image: string, error: unknown, login?: Docker.AuthConfigObject, cause = ''): OrreryError {
  if (error instanceof OrreryError) return error
  return new OrreryError('ORY_IMAGE_PULL', [image, withoutSecrets(engineMessage(error), login) + cause])
}

function describe(
  image: string,
  info: Docker.ImageInspectInfo,
  arch: ResourceClass['arch'],
  log: (text: string) => void,
): void {
  const digest = digestFrom(image, info) ?? `${parseReference(image).repository}@${info.Id}`
  const size = (info.Size / 1e6).toFixed(1)
  log(`  using image ${digest}\n  created ${info.Created}, ${size} MB\n`)
  if (info.Architecture !== '' && info.Architecture !== arch) {
    log(`  warning: the image is built for ${info.Architecture}, this job needs ${arch}; its programs may not start\n`)
  }
}

/**
 * `name@sha256:…` as the registry of this very name gave it; other names may share the content. Docker writes the names
 * of the usual registry without it, Podman with it, and `localhost/` before what was made here.
 */
function digestFrom(image: string, info: Docker.ImageInspectInfo): string | undefined {
  const name = shortName(parseReference(image).repository)
  return (info.RepoDigests ?? []).find((one) => shortName(one).startsWith(`${name}@`))
}

function shortName(name: string): string {
  return name.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '')
}

function list(value: string | string[] | null | undefined): string[] {
  if (value === null || value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

/** An image may EXPOSE thousands of ports; a listener for each would be a gift to nobody. */
const maxPorts = 100

function exposedPorts(exposed: Record<string, object> | null | undefined): number[] {
  const ports = Object.keys(exposed ?? {})
    .filter((one) => one.endsWith('/tcp'))
    .map((one) => Number.parseInt(one, 10))
  return ports.filter((port) => port >= 1 && port <= 65_535).slice(0, maxPorts)
}
