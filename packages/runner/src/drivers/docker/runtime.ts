import { placePaths } from '@orrery/protocol'
import { z } from 'zod'
import { engineMessage, isEngineAway, unlessGone } from './client.ts'
import type { Engine } from './engine.ts'
import { emptyImage, ensureEmptyImage } from './holder.ts'
import { seccompProfile } from './seccomp.ts'
import { labels } from './settings.ts'

type Bench = Omit<Engine, 'namespaces' | 'warm'>

/** What the setting says for the engine's own default, whatever else is registered. */
const engineDefault = 'default'
/** Starts a container sooner than `runc`, which engines have as their default (docs/decisions/035-crun.md). */
const sooner = 'crun'
const usual = 'runc'

/** What an engine says about its runtimes; one that says nothing has only its default. */
const Offer = z.object({ DefaultRuntime: z.string().catch(''), Runtimes: z.record(z.string(), z.unknown()).catch({}) })

/** The choice for as long as the engine lives: whoever starts it anew may have registered something else. */
export class RuntimeChoice {
  readonly #engine: Bench
  readonly #warn: ((message: string) => void) | undefined
  #chosen: Promise<string | undefined> | undefined

  /** `warn` receives what the operator should know. */
  constructor(engine: Bench, warn: ((message: string) => void) | undefined) {
    this.#engine = engine
    this.#warn = warn
  }

  /** `info`: what the engine tells about itself. Throws when it goes away meanwhile; the next call asks again. */
  async of(info: unknown): Promise<string | undefined> {
    this.#chosen ??= chooseRuntime(this.#engine, info, this.#warn)
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
 * The runtime for the containers of jobs; undefined = the engine's default. A name that the operator gave is taken as it
 * is: whoever wants another kind of isolation must not get less of it silently. Otherwise `crun`, where the engine has it
 * beside its usual default and a container really starts with it; when none does, `warn` learns why.
 * Throws when the engine goes away meanwhile.
 */
async function chooseRuntime(
  engine: Bench,
  info: unknown,
  warn: ((message: string) => void) | undefined,
): Promise<string | undefined> {
  const { runtime } = engine.settings
  if (runtime === engineDefault) return undefined
  if (runtime !== undefined) return runtime
  const { DefaultRuntime, Runtimes } = Offer.parse(info)
  if (DefaultRuntime !== usual || !(sooner in Runtimes)) return undefined
  try {
    await startOnce(engine, sooner)
    return sooner
  } catch (error) {
    if (isEngineAway(error)) throw error
    warn?.(`the engine's runtime ${sooner} starts no container, so its default is used: ${engineMessage(error)}`)
    return undefined
  }
}

/** A container with what the containers of jobs have and a runtime may not know: limits, a filter of calls, an init. */
async function startOnce(engine: Bench, runtime: string): Promise<void> {
  const { docker, runnerId, runtimeDirectory, hasInit } = engine
  await ensureEmptyImage(docker)
  const container = await docker.createContainer({
    Image: emptyImage,
    Entrypoint: [`${placePaths.runtime}/rt/hold`],
    Cmd: [],
    Labels: { [labels.runner]: runnerId },
    HostConfig: {
      Runtime: runtime,
      NetworkMode: 'none',
      Init: hasInit,
      CapDrop: ['ALL'],
      SecurityOpt: [`seccomp=${seccompProfile}`],
      Memory: 16 * 1024 * 1024,
      CpuPeriod: 100_000,
      CpuQuota: 100_000,
      PidsLimit: 4,
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [{ Type: 'bind', Source: runtimeDirectory, Target: placePaths.runtime, ReadOnly: true }],
    },
  })
  try {
    await container.start()
  } finally {
    await unlessGone(container.remove({ force: true, v: true }))
  }
}
