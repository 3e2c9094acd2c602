import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import type { Driver } from '../driver.ts'
import { adoptPlaces } from './adopt.ts'
import { CgroupPaths } from './cgroup-paths.ts'
import { StartChoice } from './choose-starts.ts'
import { connect, engineMessage } from './client.ts'
import type { Engine } from './engine.ts'
import { findCgroups } from './find-cgroups.ts'
import { blockHost } from './firewall.ts'
import { lookAhead } from './images.ts'
import { Namespaces } from './namespaces.ts'
import { openDirectory } from './open-directory.ts'
import { seccompProfile } from './seccomp.ts'
import type { DockerDriverOptions } from './settings.ts'
import { startPlace } from './start.ts'
import { sweepAll } from './sweep.ts'
import { WarmPool } from './warm-pool.ts'
import { watchEngine } from './watch-engine.ts'

export type { DockerSettings, ImageMapRule } from './settings.ts'

/** Places as containers of a Docker-compatible engine. */
export function createDockerDriver(options: DockerDriverOptions): Driver {
  const { settings, runnerId, runtimeDirectory, stateDirectory, slots } = options
  const docker = connect(settings.host)
  const bag: Omit<Engine, 'namespaces' | 'warm'> = {
    docker,
    runnerId,
    runtimeDirectory,
    stateDirectory,
    settings,
    slots,
    networkPool: settings.networkPool ?? '10.231.0.0/16',
    images: {
      docker,
      imageMap: settings.imageMap ?? [],
      checked: new Map(),
      logins: new Map(),
      looks: new WeakMap(),
      asksRegistries: true,
      tellsOrigins: true,
      ecr: settings.ecr,
      gar: settings.gar,
    },
    places: new Set(),
    parentsLeft: new Set(),
    machine: '',
    starts: { runtime: undefined, snapshot: false },
    hasInit: false,
    seccomp: seccompProfile,
    seesExecsEnd: true,
    servesNames: 'in the namespace',
    cgroups: new CgroupPaths(runnerId),
    sharesCgroups: false,
  }
  const workshop = Object.assign(bag, { namespaces: new Namespaces(bag) })
  const engine: Engine = Object.assign(workshop, { warm: new WarmPool(workshop, settings.pool ?? 0) })
  const choice = new StartChoice(engine, options.warn)
  let firewalled: Promise<void> | undefined
  let watched: Promise<void> | undefined
  let isSweepDue = false
  const closed = new AbortController()
  const watcher = {
    away() {
      isSweepDue = true
      choice.forget()
      engine.namespaces.distrust()
    },
    async back() {
      // Whoever restarts an engine may have loaded new firewall rules.
      await protectHost(engine, options.warn)
      await probe(engine, choice, options.warn)
      await engine.namespaces.recover()
      await sweepAll(engine, engine.places)
      isSweepDue = false
    },
  }
  return {
    name: 'docker',
    executors: ['docker'],
    async probe() {
      const facts = await probe(engine, choice, options.warn)
      firewalled ??= protectHost(engine, options.warn)
      await firewalled
      return facts
    },
    expect: (spec) => lookAhead(engine.images, spec),
    start: (request) => startPlace(engine, request),
    adopt: () => adoptPlaces(engine),
    async sweep(keep) {
      await sweepAll(engine, keep)
      // From here on this process knows all that is there, and may clean up after a restart of the engine.
      watched ??= watchEngine(docker, watcher, closed.signal)
    },
    openDirectory: (path) => openDirectory(engine, path),
    async close() {
      closed.abort()
      await watched
      await engine.warm.close()
      await engine.namespaces.close()
      // An engine that has just come back; one that is away is swept by the next runner.
      if (isSweepDue) await sweepAll(engine, engine.places).catch(() => undefined)
    },
  }
}

/** The rules are made before the first job runs, and the operator learns when they cannot be. */
async function protectHost(engine: Engine, warn: DockerDriverOptions['warn']): Promise<void> {
  const missing = await blockHost(engine.networkPool, engine.settings.hostServices ?? 'blocked')
  if (missing !== undefined) warn?.(missing)
}

/** Facts for step 0 (spec: execution.md 2.4); also learns what this engine can do. */
async function probe(
  engine: Engine,
  choice: StartChoice,
  warn: DockerDriverOptions['warn'],
): Promise<Record<string, string>> {
  try {
    const info: Record<string, unknown> = await engine.docker.info()
    const fact = (name: string): string => String(info[name] ?? '')
    engine.hasInit = fact('InitBinary') !== ''
    engine.machine = fact('Architecture')
    await findCgroups(engine, info, warn)
    engine.images.tellsOrigins = !JSON.stringify(info['DriverStatus'] ?? []).includes('io.containerd.snapshotter')
    if (await isPodman(engine.docker)) {
      engine.seccomp = await writeProfile(engine.stateDirectory)
      engine.seesExecsEnd = false
      engine.servesNames = 'at the gateway'
      engine.images.asksRegistries = false
    }
    engine.starts = await choice.of(info)
    engine.namespaces.prepare()
    return {
      'Kernel Version': fact('KernelVersion'),
      'Operating System': fact('OperatingSystem'),
      Architecture: fact('Architecture'),
      'Server Version': fact('ServerVersion'),
      'Storage Driver': fact('Driver'),
      Runtime: engine.starts.runtime ?? fact('DefaultRuntime'),
    }
  } catch (error) {
    throw new OrreryError('ORY_ENGINE_MISSING', [engineMessage(error)], { cause: error })
  }
}

async function isPodman(docker: Engine['docker']): Promise<boolean> {
  const { Components } = await docker.version()
  return (Components ?? []).some(({ Name }) => Name === 'Podman Engine')
}

/** Podman reads the profile from a file of the machine that it runs on. */
async function writeProfile(directory: string): Promise<string> {
  const path = join(directory, 'seccomp.json')
  await mkdir(directory, { recursive: true })
  await writeFile(path, seccompProfile)
  return path
}
