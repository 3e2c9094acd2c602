const unitSeconds: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
}

/** Seconds of `10s`, `1m30s`, `250ms`, `0`: Go's notation. Undefined for anything else. */
export function secondsOf(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(?:\d{1,12}(?:\.\d{0,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let sum = 0
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(count) * (unitSeconds[unit ?? ''] ?? 0)
  }
  return sum
}
