import type { LogModel, Segment } from './model.ts'

/** Where the searched text stands: `line` is the index in the model, `start` and `end` are columns. */
export type Match = { readonly line: number; readonly start: number; readonly end: number }

/** More matches than anyone steps through; the count then reads `5000+`. */
export const maxMatches = 5000

/** All places of `query`, in any case, from line `from` on; stops at `limit`. An empty query matches nothing. */
export function findMatches(model: LogModel, query: string, from = 0, limit = maxMatches): Match[] {
  if (query === '') return []
  const pattern = new RegExp(query.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gi')
  const matches: Match[] = []
  for (let line = from; line < model.count && matches.length < limit; line++) {
    const text = model.line(line)?.text ?? ''
    for (const found of text.matchAll(pattern)) {
      matches.push({ line, start: found.index, end: found.index + found[0].length })
      if (matches.length >= limit) break
    }
  }
  return matches
}

/** A stretch of a line that lies fully inside or outside one match. */
export type MarkedSegment = Segment & { readonly match: Match | null }

/** Cuts segments at the borders of the matches of the same line (in order, not overlapping). */
export function markSegments(segments: readonly Segment[], matches: readonly Match[]): MarkedSegment[] {
  const marked: MarkedSegment[] = []
  let at = 0
  for (const segment of segments) {
    const end = at + segment.text.length
    let from = at
    for (const match of matches) {
      const start = Math.max(match.start, from)
      const stop = Math.min(match.end, end)
      if (stop <= start) continue
      if (start > from) marked.push({ ...segment, text: segment.text.slice(from - at, start - at), match: null })
      marked.push({ ...segment, text: segment.text.slice(start - at, stop - at), match })
      from = stop
    }
    if (from < end) marked.push({ ...segment, text: segment.text.slice(from - at), match: null })
    at = end
  }
  return marked
}

/** The matches of one query in a log that still grows: lines that are complete are searched once. */
export class LogSearch {
  readonly #model: LogModel
  readonly #query: string
  #matches: readonly Match[] = []
  #from = 0
  #dropped: number

  constructor(model: LogModel, query: string) {
    this.#model = model
    this.#query = query
    this.#dropped = model.dropped
  }

  /** All matches as of now; the same array when nothing was added. */
  update(): readonly Match[] {
    if (this.#dropped !== this.#model.dropped) {
      // Lines moved up: every index is another line now.
      this.#dropped = this.#model.dropped
      this.#matches = []
      this.#from = 0
    }
    const kept = this.#matches.filter((match) => match.line < this.#from)
    const found = findMatches(this.#model, this.#query, this.#from, maxMatches - kept.length)
    // The last line may go on, so it is looked at again next time.
    this.#from = Math.max(0, this.#model.count - 1)
    if (kept.length !== this.#matches.length || found.length > 0) this.#matches = [...kept, ...found]
    return this.#matches
  }
}
