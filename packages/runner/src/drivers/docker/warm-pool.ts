import { freemem } from 'node:os'
import type { ContainerPool, Workshop } from './engine.ts'
import type { WarmPlace, WarmRecipe } from './warm.ts'
import { makeWarmPlace, removeWarmPlace } from './warm-place.ts'

/** How long a use of a recipe keeps a container for it ready, ms. */
const longestIdleMs = 15 * 60_000
/** The job that has just begun has the processors first: most short ones end before that. ms. */
const firstDelayMs = 750
/** Between one container that was made and the next, ms. */
const refillDelayMs = 150
/**
 * While every slot is taken the next job cannot come yet, and what is made ahead takes time from those that run: when
 * many jobs wait, starting each in its turn is the shortest way. ms.
 */
const busyDelayMs = 2_000
/** Nothing is started ahead when the host has less memory than this free. */
const leastFreeBytes = 768 * 1024 * 1024

/**
 * Containers that are started and wait for their task, with the agent up. The pool remembers the recipes of the last
 * `size` tasks and holds a container for each of them, so what is used often has several.
 *
 * A container serves one task and is destroyed with it. Until it is taken it holds nothing of anybody: the recipe has
 * the image, the user and the class, but no variable and no credential. It ends by itself when the runner dies, because
 * its agent waits on a connection to it; the next runner removes what is left by the label.
 */
export class WarmPool implements ContainerPool {
  readonly #engine: Workshop
  readonly #size: number
  #recent: { key: string; recipe: WarmRecipe; at: number }[] = []
  #ready: WarmPlace[] = []
  #alive = new Set<string>()
  #working: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #close = new AbortController()

  constructor(engine: Workshop, size: number) {
    this.#engine = engine
    this.#size = size
  }

  /** Belongs to this process: a sweep leaves it alone. */
  owns(placeId: string): boolean {
    return this.#alive.has(placeId)
  }

  /** A container for this recipe that is up, if there is one; it is the caller's from then on. */
  take(recipe: WarmRecipe): WarmPlace | undefined {
    const key = keyOf(recipe)
    const index = this.#ready.findIndex((place) => place.key === key && !place.door.deserted)
    return index === -1 ? undefined : this.#ready.splice(index, 1)[0]
  }

  /** A task with this recipe was started: the next one shall find a container. */
  used(recipe: WarmRecipe): void {
    if (this.#size === 0 || this.#close.signal.aborted) return
    // Credentials and variables are the task's own.
    const { image, user } = { user: undefined, ...recipe.image }
    const bare = { ...recipe, image: { image, environment: {}, ...(user === undefined ? {} : { user }) } }
    this.#recent.push({ key: keyOf(recipe), recipe: bare, at: performance.now() })
    this.#recent = this.#recent.slice(-this.#size)
    this.#later(this.#engine.places.size < this.#engine.slots ? firstDelayMs : busyDelayMs)
  }

  /** The place of a task that ended was removed. */
  forget(placeId: string): void {
    this.#alive.delete(placeId)
  }

  /** Removes every container that nobody has taken. */
  async close(): Promise<void> {
    this.#close.abort()
    clearTimeout(this.#timer)
    await this.#working
    await Promise.all(this.#ready.splice(0).map((place) => this.#remove(place)))
  }

  #later(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#working ??= this.#level().finally(() => {
        this.#working = undefined
        if (!this.#close.signal.aborted && this.#recent.length > 0)
          this.#later(this.#isLevel() ? longestIdleMs / 10 : refillDelayMs)
      })
    }, ms)
    this.#timer.unref()
  }

  /** Removes what is not wanted any more, then makes what is missing, one after the other. */
  async #level(): Promise<void> {
    this.#recent = this.#recent.filter(({ at }) => performance.now() - at < longestIdleMs)
    const surplus = this.#surplus()
    this.#ready = this.#ready.filter((place) => !surplus.includes(place))
    await Promise.all(surplus.map((place) => this.#remove(place)))
    const missing = this.#missing()
    if (missing === undefined || this.#close.signal.aborted || freemem() < leastFreeBytes) return
    let begun = ''
    try {
      const place = await makeWarmPlace(
        this.#engine,
        missing.recipe,
        missing.key,
        (id) => {
          begun = id
          this.#alive.add(id)
        },
        this.#close.signal,
      )
      this.#ready.push(place)
    } catch {
      this.#alive.delete(begun)
      // The next task of this recipe meets the same fault and tells it; asking again and again helps nobody.
      this.#recent = this.#recent.filter(({ key }) => key !== missing.key)
    }
  }

  #isLevel(): boolean {
    return freemem() < leastFreeBytes || (this.#missing() === undefined && this.#surplus().length === 0)
  }

  #missing(): { key: string; recipe: WarmRecipe } | undefined {
    const left = this.#ready.map(({ key }) => key)
    // The latest first: it is the likeliest to come again.
    return this.#recent.toReversed().find(({ key }) => {
      const index = left.indexOf(key)
      if (index !== -1) left.splice(index, 1)
      return index === -1
    })
  }

  #surplus(): WarmPlace[] {
    const wanted = this.#recent.map(({ key }) => key)
    return this.#ready.filter((place) => {
      const index = place.door.deserted ? -1 : wanted.indexOf(place.key)
      if (index !== -1) wanted.splice(index, 1)
      return index === -1
    })
  }

  async #remove(place: WarmPlace): Promise<void> {
    // A container that cannot be removed now carries its label: the next sweep takes it.
    await removeWarmPlace(this.#engine, place).catch(() => undefined)
    this.#alive.delete(place.id)
  }
}

function keyOf({ image, ready, resourceClass: { vcpus, memoryMb, arch } }: WarmRecipe): string {
  return JSON.stringify([ready.id, image.user ?? null, vcpus, memoryMb, arch])
}
