/** Longest delay that the runtime's timers know, ms. */
const longestMs = 2 ** 31 - 1

/**
 * Fires once when nothing was heard for a while. `touch` is called for every chunk of output, so it only notes the
 * time; the timer looks at the note when it runs out and sleeps on for the rest.
 */
export class SilenceTimer {
  expired = false
  readonly #limitMs: number | undefined
  #last = 0
  #timer: NodeJS.Timeout | undefined

  constructor(limitS: number | undefined) {
    this.#limitMs = limitS === undefined ? undefined : limitS * 1000
  }

  touch(): void {
    this.#last = performance.now()
  }

  start(expire: () => void): void {
    const limit = this.#limitMs
    if (limit === undefined) return
    this.touch()
    const sleep = (ms: number): void => {
      this.#timer = setTimeout(look, Math.min(longestMs, Math.max(1, Math.ceil(ms))))
    }
    const look = (): void => {
      const left = limit - (performance.now() - this.#last)
      if (left > 0) {
        sleep(left)
        return
      }
      this.expired = true
      expire()
    }
    sleep(limit)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
