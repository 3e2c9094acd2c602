const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

/** `ms` as `<1s`, `42s`, `3m 07s`, `1h 04m` or `2d 03h`. Clocks of two machines differ: less than nothing is nothing. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms <= 0) return '0s'
  if (ms < second) return '<1s'
  if (ms < minute) return `${Math.floor(ms / second)}s`
  if (ms < hour) return `${Math.floor(ms / minute)}m ${pad(Math.floor((ms % minute) / second))}s`
  if (ms < day) return `${Math.floor(ms / hour)}h ${pad(Math.floor((ms % hour) / minute))}m`
  return `${Math.floor(ms / day)}d ${pad(Math.floor((ms % day) / hour))}h`
}

/** How long something ran: until `stoppedAt`, or until `now` (ms) while it runs; null before it started. */
export function elapsed(startedAt: string | null, stoppedAt: string | null, now: number): string | null {
  if (startedAt === null) return null
  const end = stoppedAt === null ? now : Date.parse(stoppedAt)
  return formatDuration(end - Date.parse(startedAt))
}

const sameYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const otherYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

/** `just now`, `42s ago`, `5m ago`, `3h ago`, `6d ago`, then a date (UTC). Times in the future are `just now`. */
export function relativeTime(iso: string, now: number): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return iso
  const age = now - at
  if (age < 5 * second) return 'just now'
  if (age < minute) return `${Math.floor(age / second)}s ago`
  if (age < hour) return `${Math.floor(age / minute)}m ago`
  if (age < day) return `${Math.floor(age / hour)}h ago`
  if (age < 7 * day) return `${Math.floor(age / day)}d ago`
  const format = new Date(at).getUTCFullYear() === new Date(now).getUTCFullYear() ? sameYear : otherYear
  return format.format(at)
}

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })

/** The exact moment in the reader's time zone, for a title. */
export function exactTime(iso: string): string {
  const at = Date.parse(iso)
  return Number.isNaN(at) ? iso : exact.format(at)
}
