import { Worker } from 'node:worker_threads'
import { type CompileResult, type OrbResolver, stoppedCompile } from '@orrery/config'
import type { CompileRequest, FromThread, ToThread } from './messages.ts'

export interface CompilerLimits {
  /** The thread's own time for one config, in milliseconds; its start and waiting for orbs do not count. */
  timeMs: number
  memoryMb: number
}

const defaultLimits: CompilerLimits = { timeMs: 10_000, memoryMb: 512 }

/**
 * Compiles configs in a thread, so that a stranger's text can neither block the server nor take its memory: a compile
 * over its limits ends the thread and becomes an error of the config (C604, C605). One thread is kept for the next
 * config; configs that come meanwhile wait, because compiling is work for a processor.
 */
export class Compiler {
  readonly #limits: CompilerLimits
  #thread: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(limits: Partial<CompilerLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** As `compile` of the config package; throws only for faults of the compiler itself, and after `close`. */
  compile(request: CompileRequest, orbs: OrbResolver): Promise<CompileResult> {
    const result = this.#last.then(() => this.#one(request, orbs))
    this.#last = result.catch(() => {})
    return result
  }

  /** Ends the thread; a compile under way fails. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#thread?.terminate()
  }

  #one(request: CompileRequest, orbs: OrbResolver): Promise<CompileResult> {
    if (this.#closed) return Promise.reject(new Error('the compiler is closed'))
    const thread = this.#thread ?? this.#start()
    const end = () => {
      this.#thread = undefined
      void thread.terminate()
    }
    const stop = (reason: 'time' | 'memory') => {
      end()
      return stopped(reason, this.#limits, request)
    }
    return new Promise<CompileResult>((resolve, reject) => {
      const clock = new Stopwatch(this.#limits.timeMs, () => settle(() => resolve(stop('time'))))
      const settle = (answer: () => void) => {
        clock.pause()
        thread.off('message', heard).off('error', broke).off('exit', left)
        // One that is being ended may still have something to say.
        if (this.#thread !== thread) thread.on('error', () => {})
        thread.unref()
        answer()
      }
      const heard = (message: FromThread) => {
        if (message.kind === 'began') clock.run()
        else if (message.kind === 'done') settle(() => resolve(message.result))
        else if (message.kind === 'failed') settle(() => reject(new Error(`the compiler failed: ${message.stack}`)))
        else {
          // Without its answer the compile would wait for ever.
          void this.#resolveOrb(message, orbs, thread, clock).catch((error) => {
            end()
            settle(() => reject(error))
          })
        }
      }
      const broke = (error: NodeJS.ErrnoException) => {
        const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        const result = outOfMemory ? stop('memory') : undefined
        end()
        settle(() => (result ? resolve(result) : reject(error)))
      }
      const left = () => {
        end()
        settle(() => reject(new Error('the compiler thread ended')))
      }
      thread.on('message', heard).on('error', broke).on('exit', left)
      thread.ref()
      post(thread, { kind: 'compile', request })
    })
  }

  async #resolveOrb(
    { id, reference }: { id: number; reference: string },
    orbs: OrbResolver,
    thread: Worker,
    clock: Stopwatch,
  ): Promise<void> {
    clock.pause()
    const answer = await orbs.resolve(reference)
    if (this.#thread !== thread) return
    clock.run()
    post(thread, { kind: 'orb', id, answer })
  }

  #start(): Worker {
    this.#thread = new Worker(new URL('thread.ts', import.meta.url), {
      name: 'compiler',
      // Nothing of the server's flags and secrets is needed to read a text.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb, maxYoungGenerationSizeMb: 32 },
    })
    return this.#thread
  }
}

function post(thread: Worker, message: ToThread): void {
  thread.postMessage(message)
}

function stopped(reason: 'time' | 'memory', { timeMs, memoryMb }: CompilerLimits, request: CompileRequest) {
  const limit = reason === 'time' ? `${timeMs / 1000} s` : `${memoryMb} MB`
  return stoppedCompile(reason, limit, request.source.file)
}

/** Counts the time of the thread's own work and tells when it is over. */
class Stopwatch {
  readonly #over: () => void
  #left: number
  #started = 0
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, over: () => void) {
    this.#left = ms
    this.#over = over
  }

  run(): void {
    this.pause()
    this.#started = performance.now()
    this.#timer = setTimeout(this.#over, this.#left)
  }

  pause(): void {
    if (!this.#timer) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#left = Math.max(1, this.#left - (performance.now() - this.#started))
  }
}
