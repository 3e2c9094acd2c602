import { useSyncExternalStore } from 'react'
import { elapsed, exactTime, relativeTime } from '../time.ts'

const listeners = new Set<() => void>()
let ticker: ReturnType<typeof setInterval> | undefined

/** One clock for the whole page; it stands still while nothing on it shows a moving time. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  ticker ??= setInterval(() => {
    for (const notify of listeners) notify()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(ticker)
    ticker = undefined
  }
}

function never(): () => void {
  return () => {}
}

/** `5m ago`, with the exact moment as title. Renders anew only when the words change. */
export function Age({ at }: { at: string }) {
  const text = useSyncExternalStore(subscribe, () => relativeTime(at, Date.now()))
  return (
    <time className="num" dateTime={at} title={exactTime(at)}>
      {text}
    </time>
  )
}

/** How long something runs or ran; ticks while it runs, and shows nothing before it starts. */
export function Duration({ from, to }: { from: string | null; to: string | null }) {
  const moving = from !== null && to === null
  const text = useSyncExternalStore(moving ? subscribe : never, () => elapsed(from, to, moving ? Date.now() : 0))
  if (text === null || from === null) return null
  return (
    <span className="num duration" title={`Started ${exactTime(from)}${to === null ? '' : `, ended ${exactTime(to)}`}`}>
      {text}
    </span>
  )
}
