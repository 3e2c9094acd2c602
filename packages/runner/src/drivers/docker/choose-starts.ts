import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { placePaths } from '@orrery/protocol'
import { z } from 'zod'
import { snapshotFile, snapshotSource } from '../../runtime/snapshot.ts'
import { proofLine } from './agent-line.ts'
import { engineMessage, isEngineAway, unlessGone } from './client.ts'
import type { Engine } from './engine.ts'
import { containerExit } from './exits.ts'
import { emptyImage, ensureEmptyImage } from './holder.ts'
import { labels } from './settings.ts'
import type { Starts } from './starts.ts'

type Bench = Omit<Engine, 'namespaces' | 'warm'>

/** What the setting says for the engine's own default, whatever else is registered. */
const engineDefault = 'default'
/** Starts a container sooner than `runc`, which engines have as their default (docs/decisions/035-cold-starts.md). */
const sooner = 'crun'
const usual = 'runc'
/** How long the agent may take to show that it starts, ms. */
const patienceMs = 30_000

/** What an engine says about its runtimes; one that says nothing has only its default. */
const Offer = z.object({ DefaultRuntime: z.string().catch(''), Runtimes: z.record(z.string(), z.unknown()).catch({}) })

/** The choice for as long as the engine lives: whoever starts it anew may have registered something else. */
export class StartChoice {
  readonly #engine: Bench
  readonly #warn: (message: string) => void
  #chosen: Promise<Starts> | undefined

  /** `warn` receives what the operator should know. */
  constructor(engine: Bench, warn: ((message: string) => void) | undefined) {
    this.#engine = engine
    this.#warn = warn ?? (() => undefined)
  }

  /** `info`: what the engine tells about itself. Throws when it goes away meanwhile; the next call asks again. */
  async of(info: unknown): Promise<Starts> {
    this.#chosen ??= chooseStarts(this.#engine, info, this.#warn)
    try {
      return await this.#chosen
    } catch (error) {
      this.#chosen = undefined
      throw error
    }
  }

  /** The engine went away. */
  forget(): void {
    this.#chosen = undefined
  }
}

/**
 * The quickest start that a container really makes. A runtime that the operator named is taken as it is: whoever wants
 * another kind of isolation must not get less of it silently. Otherwise it is `crun`, where the engine has it beside its
 * usual default. The agent's snapshot is of this machine's processor; a runtime may show jobs another one. When either
 * does not start, `warn` learns why. Throws when the engine goes away meanwhile.
 */
async function chooseStarts(engine: Bench, info: unknown, warn: (message: string) => void): Promise<Starts> {
  const { DefaultRuntime, Runtimes } = Offer.parse(info)
  const { runtime } = engine.settings
  const hasSooner = runtime === undefined && DefaultRuntime === usual && sooner in Runtimes
  const named = runtime === engineDefault ? undefined : runtime
  const has = (file: string) => existsSync(join(engine.runtimeDirectory, file))
  const snapshot = has(snapshotFile)
  if (!snapshot && has(snapshotSource)) warn('there is no snapshot of the agent, so jobs start a little later')
  for (const tried of hasSooner ? [sooner, named] : [named]) {
    const isOurs = hasSooner && tried === sooner
    if (!isOurs && !snapshot) return { runtime: tried, snapshot }
    try {
      const exitCode = await startOnce(engine, tried, snapshot)
      if (exitCode === 0) return { runtime: tried, snapshot }
      warn(`the agent does not start from its snapshot (${exitCode}), so jobs start a little later`)
      return { runtime: tried, snapshot: false }
    } catch (error) {
      if (isEngineAway(error)) throw error
      const rest = isOurs ? ', so its default is used' : ''
      warn(`the engine's runtime ${tried ?? DefaultRuntime} starts no container${rest}: ${engineMessage(error)}`)
    }
  }
  return { runtime: named, snapshot: false }
}

/**
 * A container with what the containers of jobs have and a runtime may not know: limits, a filter of calls, an init.
 * Answers how the agent ended in it, which has nothing to do there; without a snapshot only the start is tried.
 */
async function startOnce(engine: Bench, runtime: string | undefined, snapshot: boolean): Promise<number | string> {
  const { docker, runnerId, runtimeDirectory, hasInit, seccomp } = engine
  await ensureEmptyImage(docker)
  const container = await docker.createContainer({
    Image: emptyImage,
    Entrypoint: snapshot ? [...proofLine] : [`${placePaths.runtime}/rt/hold`],
    Cmd: [],
    Labels: { [labels.runner]: runnerId },
    HostConfig: {
      ...(runtime === undefined ? {} : { Runtime: runtime }),
      NetworkMode: 'none',
      Init: hasInit,
      CapDrop: ['ALL'],
      SecurityOpt: [`seccomp=${seccomp}`],
      Memory: 512 * 1024 * 1024,
      CpuPeriod: 100_000,
      CpuQuota: 100_000,
      PidsLimit: 128,
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [{ Type: 'bind', Source: runtimeDirectory, Target: placePaths.runtime, ReadOnly: true }],
    },
  })
  const over = new AbortController()
  try {
    await container.start()
    if (!snapshot) return 0
    const exit = containerExit(docker, container.id).then(({ exitCode }) => exitCode)
    return await Promise.race([exit, delay(patienceMs, 'no end', { signal: over.signal })])
  } finally {
    over.abort()
    await unlessGone(container.remove({ force: true, v: true }))
  }
}
