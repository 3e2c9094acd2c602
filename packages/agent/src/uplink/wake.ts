/** Lets one loop sleep until somebody has news. News that come before the loop waits are not lost. */
export class Wake {
  #awake = false
  #resolve: (() => void) | undefined

  wake = (): void => {
    this.#awake = true
    this.#resolve?.()
    this.#resolve = undefined
  }

  async wait(): Promise<void> {
    if (!this.#awake) await new Promise<void>((resolve) => (this.#resolve = resolve))
    this.#awake = false
  }

  /** The same, for at most `ms`. False when the time was up. */
  async within(ms: number): Promise<boolean> {
    if (!this.#awake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#resolve = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const isAwake = this.#awake
    this.#awake = false
    return isAwake
  }
}
