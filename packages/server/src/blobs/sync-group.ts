/**
 * Group commit: while one sync runs, all who ask for another share the next one. Ten writers that arrive during a slow
 * sync cost one more sync, not ten. A caller's bytes are always covered, because the sync it gets starts after it asked.
 */
export class SyncGroup {
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  /** True when nobody waits for a sync. */
  get idle(): boolean {
    return this.#running === null && this.#next === null
  }

  sync(work: () => Promise<void>): Promise<void> {
    if (!this.#running) return this.#start(work)
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null
        return this.#start(work)
      })
    return this.#next
  }

  #start(work: () => Promise<void>): Promise<void> {
    const running = work().finally(() => {
      if (this.#running === running) this.#running = null
    })
    this.#running = running
    return running
  }
}
