/**
 * A bell between something that happens and a loop that looks for itself: rings while nobody waits are kept (as one).
 */
export class Wake {
  #rung = false
  #waiting: (() => void) | null = null

  readonly ring = (): void => {
    this.#rung = true
    this.#waiting?.()
  }

  /** Resolves with `rung`, or `quiet` after `ms`, or `ended` when the signal fires. */
  async wait(ms: number, signal: AbortSignal): Promise<'rung' | 'quiet' | 'ended'> {
    if (!this.#rung && !signal.aborted) await this.#sleep(ms, signal)
    if (signal.aborted) return 'ended'
    const result = this.#rung ? 'rung' : 'quiet'
    this.#rung = false
    return result
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#waiting = null
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
      this.#waiting = done
    })
  }
}
