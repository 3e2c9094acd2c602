/** Browsers open six connections per server; logs must leave room for the change stream and for fetches. */
const limit = 3

let used = 0
const waiting: (() => void)[] = []

/** Calls `onReady` as soon as one more log may be read, in order of asking. The answer gives the place back. */
export function takeStreamSlot(onReady: () => void): () => void {
  let state: 'waiting' | 'held' | 'released' = 'waiting'
  const begin = () => {
    state = 'held'
    used++
    onReady()
  }
  if (used < limit) begin()
  else waiting.push(begin)
  return () => {
    if (state === 'waiting') waiting.splice(waiting.indexOf(begin), 1)
    if (state === 'held') {
      used--
      waiting.shift()?.()
    }
    state = 'released'
  }
}
