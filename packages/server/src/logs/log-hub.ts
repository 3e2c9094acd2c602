/** Wakes the readers of a log as soon as bytes are written; readers then look for themselves. */
export class LogHub {
  readonly #listeners = new Map<string, Set<() => void>>()

  /** Returns the way out. */
  listen(name: string, listener: () => void): () => void {
    const set = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#listeners.get(name) === set) this.#listeners.delete(name)
    }
  }

  wake(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener()
  }
}
