import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'

/** A client for `host`, or for what the environment names (`DOCKER_HOST`, `DOCKER_CERT_PATH`), or at the usual sockets. */
export function connect(host: string | undefined): Docker {
  if (host === undefined) {
    const socketPath = process.env['DOCKER_HOST'] ? undefined : usualSockets().find((path) => existsSync(path))
    return socketPath === undefined ? new Docker() : new Docker({ socketPath })
  }
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) })

  const url = new URL(host.includes('://') ? host : `tcp://${host}`)
  const certificates = process.env['DOCKER_CERT_PATH']
  const tls = url.port === '2376' || process.env['DOCKER_TLS_VERIFY'] === '1'
  const read = (name: string): Buffer => readFileSync(join(certificates ?? '', name))
  return new Docker({
    host: url.hostname,
    port: url.port === '' ? 2375 : Number(url.port),
    protocol: tls ? 'https' : 'http',
    ...(tls && certificates !== undefined ? { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') } : {}),
  })
}

/**
 * Where engines listen for those who were told nothing: Docker, rootless or in a virtual machine, Podman, and the engine that
 * Orrery's own set-up starts where there is none (scripts/lib/engine.mjs asks in the same order).
 */
function usualSockets(environment: NodeJS.ProcessEnv = process.env): string[] {
  const runtime = environment['XDG_RUNTIME_DIR']
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.colima/default/docker.sock'),
    ...(runtime ? [join(runtime, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
    join(environment['ORRERY_ENGINE_DIR'] ?? '/var/lib/orrery-engine', 'docker.sock'),
  ]
}

/** HTTP status of an engine's refusal; undefined when the engine did not answer at all. */
export function engineStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/** The engine's own sentence without the wrapping of the client library. */
export function engineMessage(error: unknown): string {
  if (error instanceof Error && 'json' in error) {
    const body = error.json
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message)
  }
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/^\(HTTP code \d+\) [a-z ]+ - /, '').trim()
}

/** Nobody listens at the engine's address, or it ended in the middle of an answer. */
const awayCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'ECONNRESET', 'EPIPE'])

/** True when there is no engine at the address now: waiting may help, trying another image may not. */
export function isEngineAway(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && awayCodes.has(error.code)
}

/** Lets a removal be repeated: "gone already" (404) and "somebody removes it now" (409) are what we wanted. */
export async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    const status = engineStatus(error)
    if (status !== 404 && status !== 409 && status !== 304) throw error
  }
}
