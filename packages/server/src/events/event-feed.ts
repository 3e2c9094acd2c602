import type { Engine, LoggedEvent } from '@orrery/engine'

/** Events kept in memory for readers that are a little behind. */
const ringSize = 5000
const pageSize = 500

/**
 * The event log as many readers follow it: one query per commit for the whole server, not one per open page. A reader
 * holds a cursor; recent ones are served from memory, older ones (a page that comes back after lunch) from the database.
 */
export class EventFeed {
  readonly #engine: Engine
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<() => void>()
  readonly #unsubscribe: () => void
  #ring: LoggedEvent[] = []
  /** Cursor before the first event of the ring. */
  #base: string
  #reading: Promise<void> | null = null
  #again = false

  private constructor(engine: Engine, head: string, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#base = head
    this.#onError = onError
    this.#unsubscribe = engine.onEvents(() => this.#read())
  }

  static async start(engine: Engine, onError: (error: unknown) => void): Promise<EventFeed> {
    const feed = new EventFeed(engine, await engine.latestCursor(), onError)
    // What was committed between the two calls raised no notice for us.
    feed.#read()
    return feed
  }

  /** Where a new reader begins: it gets everything that is committed from now on. */
  get head(): string {
    return this.#ring.at(-1)?.cursor ?? this.#base
  }

  /** The events after the cursor that are known now; empty when the reader is up to date. */
  async after(cursor: string): Promise<LoggedEvent[]> {
    if (cursor === this.#base) return this.#ring.slice(0, pageSize)
    const at = this.#ring.findLastIndex((event) => event.cursor === cursor)
    if (at >= 0) return this.#ring.slice(at + 1, at + 1 + pageSize)
    return this.#engine.readEvents(cursor, pageSize)
  }

  /** Called whenever `after` may have more. Returns the way out. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    this.#again = false
    await this.#reading
  }

  #read(): void {
    this.#again = true
    this.#reading ??= this.#readAll()
      .catch(this.#onError)
      .finally(() => {
        this.#reading = null
      })
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false
      const events = await this.#engine.readEvents(this.head, pageSize)
      if (events.length === 0) continue
      this.#again ||= events.length === pageSize
      this.#append(events)
      for (const listener of this.#listeners) listener()
    }
  }

  #append(events: LoggedEvent[]): void {
    this.#ring.push(...events)
    const excess = this.#ring.length - ringSize
    if (excess <= 0) return
    const dropped = this.#ring.splice(0, excess)
    this.#base = dropped.at(-1)?.cursor ?? this.#base
  }
}
