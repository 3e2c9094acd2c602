import { needlesOf } from './needles.ts'
import { NeedleSearch } from './search.ts'

export { privateKeyBody } from './private-key.ts'

const mask = Buffer.from('****')
const nothing = Buffer.alloc(0)

/**
 * Replaces secrets in a stream of bytes by `****` (spec: execution.md 18.2). Where the stream is cut into chunks makes
 * no difference to what comes out. Overlapping secrets become one mask. Only bytes that may be the beginning of a
 * secret are held back; `held` tells whether there are any, and the owner of the stream calls `flush` after silence.
 *
 * Without secrets the bytes pass through untouched and uncopied.
 */
export class Masker {
  readonly #search: NeedleSearch | undefined
  #pending = nothing
  /** Leading bytes of `#pending` that stand behind a mask which is written already. */
  #covered = 0

  constructor(search: NeedleSearch | undefined) {
    this.#search = search
  }

  /** True while bytes wait for what follows them. */
  get held(): boolean {
    return this.#pending.length > 0
  }

  /** The masked form of what is certain by now; it may lie in the chunk's own memory. */
  push(chunk: Buffer): Buffer {
    if (this.#search === undefined || chunk.length === 0) return chunk
    const text = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    return this.#release(this.#search, text, this.#search.tail(text))
  }

  /** What was held back, as it is: it did not become a secret. */
  flush(): Buffer {
    if (this.#search === undefined || this.#pending.length === 0) return nothing
    return this.#release(this.#search, this.#pending, this.#pending.length)
  }

  /** Masks all secrets that start before `end` and keeps the rest. A secret in the rest is found again with more text. */
  #release(search: NeedleSearch, text: Buffer, end: number): Buffer {
    const parts: Buffer[] = []
    let clear = 0
    let coveredTo = this.#covered
    search.each(text, end, (start, stop) => {
      if (start >= coveredTo) {
        const from = Math.max(clear, coveredTo)
        if (start > from) parts.push(text.subarray(from, start))
        parts.push(mask)
      }
      coveredTo = Math.max(coveredTo, stop)
      clear = coveredTo
    })
    const from = Math.max(clear, coveredTo)
    if (end > from) parts.push(text.subarray(from, end))
    // A copy: the chunk's memory belongs to the terminal's reader.
    this.#pending = end === text.length ? nothing : Buffer.from(text.subarray(end))
    this.#covered = Math.max(0, coveredTo - end)
    return parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts)
  }
}

/** Makes maskers for one task: the search tables are built once. */
export function maskerFor(values: readonly string[]): () => Masker {
  const needles = needlesOf(values)
  const search = needles.length === 0 ? undefined : new NeedleSearch(needles)
  return () => new Masker(search)
}
