import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findProgram } from './command.mjs'
import { ensureCrun } from './crun.mjs'
import { engineName, ping } from './engine-api.mjs'
import { ownSocket, startOwnEngine } from './own-engine.mjs'
import { ensurePackages } from './packages.mjs'
import { SetupError } from './progress.mjs'
import { canInstallPackages, isRoot } from './root.mjs'

/**
 * @typedef {object} Engine
 * @property {string} dockerHost e.g. `unix:///var/run/docker.sock`
 * @property {string} name e.g. `Docker 20.10.24`
 * @property {boolean} own true when we started it (now or at an earlier run)
 * @property {boolean} started true when this call started it
 */

/**
 * Finds a container engine that answers; where there is none and packages can be installed, installs Docker and starts
 * it. The engine we start outlives this process, so that the next run finds it.
 * @param {string} stateDirectory where an engine of our own keeps everything; a short path
 * @param {import('./progress.mjs').Progress} progress
 * @param {string[]} [packages] Debian packages that will be needed after it, to install them with it
 * @returns {Promise<Engine>}
 * @throws {SetupError} with what to do by hand
 */
export async function ensureEngine(stateDirectory, progress, packages = []) {
  const { engine, refusals } = await findEngine(stateDirectory)
  if (engine) return engine
  if (process.platform !== 'linux' || !canInstallPackages()) throw new SetupError(adviceWithoutEngine(refusals))
  const forbidden = refusals.find((refusal) => refusal.code === 'EACCES')
  if (forbidden && !isRoot()) throw new SetupError(adviceForGroup(forbidden.dockerHost))

  progress.note('No container engine answers here: setting up Docker.')
  if (!findProgram('dockerd') || !findProgram('iptables')) {
    const needed = ['docker.io', 'iptables', 'ca-certificates', ...packages]
    // Releases that have no crun would refuse all of them for it.
    await ensurePackages([...needed, 'crun'], progress).catch(() => ensurePackages(needed, progress))
    const managed = await waitForService(stateDirectory)
    if (managed) return managed
  }
  await ensureCrun(progress)
  const dockerHost = await startOwnEngine(stateDirectory, progress)
  return { dockerHost, name: await engineName(dockerHost), own: true, started: true }
}

/**
 * @param {string} stateDirectory
 * @returns {Promise<{ engine?: Engine, refusals: { dockerHost: string, reason: string, code?: string }[] }>}
 *   refusals = places where something is, but doesn't serve us
 */
async function findEngine(stateDirectory) {
  const refusals = []
  for (const dockerHost of candidates(stateDirectory)) {
    const answer = await ping(dockerHost)
    if (answer.answers) {
      const own = dockerHost === ownSocket(stateDirectory)
      return { engine: { dockerHost, name: await engineName(dockerHost), own, started: false }, refusals }
    }
    if (answer.code !== 'ENOENT') refusals.push({ dockerHost, reason: answer.reason, code: answer.code })
    if (dockerHost === process.env.DOCKER_HOST) {
      // Whoever sets it means it: starting another engine beside it would hide the mistake.
      throw new SetupError(
        `DOCKER_HOST is ${dockerHost}, but no engine serves there: ${answer.reason}.\nStart it, or unset DOCKER_HOST.`,
      )
    }
  }
  return { refusals }
}

/**
 * @param {string} stateDirectory
 * @returns {string[]}
 */
function candidates(stateDirectory) {
  if (process.env.DOCKER_HOST) return [process.env.DOCKER_HOST]
  const runtime = process.env.XDG_RUNTIME_DIR
  const sockets = [
    '/var/run/docker.sock',
    runtime && join(runtime, 'docker.sock'),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.colima/default/docker.sock'),
    runtime && join(runtime, 'podman/podman.sock'),
    '/run/podman/podman.sock',
  ].filter((path) => path !== undefined && path !== '')
  return [
    ...new Set([...sockets.map((path) => `unix://${path}`), ownSocket(stateDirectory), ...socketsOfRunningEngines()]),
  ]
}

/**
 * Sockets that running dockerds of this network namespace were told to use. A second dockerd in the same namespace
 * would share its bridge and firewall rules, so one that runs must be used, not doubled.
 * @returns {string[]}
 */
function socketsOfRunningEngines() {
  if (!existsSync('/proc/self/ns/net')) return []
  const here = readlinkSync('/proc/self/ns/net')
  const sockets = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'dockerd\n') continue
      if (readlinkSync(`/proc/${pid}/ns/net`) !== here) continue
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      sockets.push(...args.flatMap((arg, index) => hostOption(arg, args[index + 1])))
    } catch {
      // The process ended meanwhile, or is another user's.
    }
  }
  return sockets
}

/**
 * @param {string} arg
 * @param {string | undefined} next
 * @returns {string[]}
 */
function hostOption(arg, next) {
  const value = arg === '-H' || arg === '--host' ? next : arg.match(/^(?:-H|--host=)(.+)/)?.[1]
  return value?.startsWith('unix://') ? [value] : []
}

/**
 * Where a service manager runs, installing the package starts the engine; waits for it up to 20 s.
 * @param {string} stateDirectory
 * @returns {Promise<Engine | undefined>}
 */
async function waitForService(stateDirectory) {
  if (!existsSync('/run/systemd/system')) return undefined
  for (let attempt = 0; attempt < 200; attempt++) {
    const { engine, refusals } = await findEngine(stateDirectory)
    if (engine) return engine
    const forbidden = refusals.find((refusal) => refusal.code === 'EACCES')
    if (forbidden) throw new SetupError(adviceForGroup(forbidden.dockerHost))
    await wait(100)
  }
  throw new SetupError('Docker was installed, but its service does not answer. See: systemctl status docker')
}

/** @param {string} dockerHost */
function adviceForGroup(dockerHost) {
  return [
    `A container engine is at ${dockerHost}, but this user may not use it. Either run this as root, or join its group:`,
    '  sudo usermod -aG docker $USER && newgrp docker',
  ].join('\n')
}

/** @param {{ dockerHost: string, reason: string }[]} refusals */
function adviceWithoutEngine(refusals) {
  return [
    'Orrery runs jobs in containers, and no container engine answers here.',
    ...refusals.map(({ dockerHost, reason }) => `  ${dockerHost}: ${reason}`),
    process.platform === 'darwin'
      ? 'Start Docker Desktop, Colima or Podman, then try again.'
      : 'Install and start Docker or Podman (with its socket), or set DOCKER_HOST, then try again.',
    'On Debian and Ubuntu, as root or with sudo, this script installs Docker by itself.',
  ].join('\n')
}
