import { once } from 'node:events'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { engineStatus } from './client.ts'

export interface EngineWatcher {
  /** The engine went away, e.g. for a restart: what ran in it may have ended. */
  away(): void
  /** It answers again; called anew until it succeeds. */
  back(): Promise<void>
}

/** Nothing carries it: of the stream of events only the end is wanted. */
const noLabel = 'orrery.none'
const firstPauseMs = 100
const longestPauseMs = 5_000

/**
 * Notices at once when the engine ends, by a stream of events that stays open for as long as it lives, and asks for it
 * until it is back. An engine that serves no such stream is not watched. Never rejects.
 */
export async function watchEngine(docker: Docker, watcher: EngineWatcher, signal: AbortSignal): Promise<void> {
  let isBack = true
  for (let pauseMs = firstPauseMs, seen = false; !signal.aborted; ) {
    try {
      const stream = await docker.getEvents({ filters: { label: [noLabel] }, abortSignal: signal })
      const ended = once(stream, 'close')
      ended.catch(() => undefined)
      stream.resume()
      if ('socket' in stream && stream.socket instanceof Socket) stream.socket.unref()
      seen = true
      if (!isBack) await watcher.back()
      isBack = true
      pauseMs = firstPauseMs
      await ended.catch(() => undefined)
    } catch (error) {
      if (!seen && engineStatus(error) !== undefined) return
    }
    if (isBack && seen && !signal.aborted) {
      isBack = false
      watcher.away()
    }
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    pauseMs = Math.min(2 * pauseMs, longestPauseMs)
  }
}
