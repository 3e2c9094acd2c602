const seconds: Record<string, number> = { s: 1, m: 60, h: 3600 }

/** Whole seconds of a duration such as `90s`, `1h30m`; undefined when it is none or not at least one second. */
export function durationSeconds(text: string): number | undefined {
  if (!/^(?:\d{1,9}[smh])+$/.test(text)) return undefined
  let sum = 0
  for (const part of text.matchAll(/(\d+)([smh])/g)) sum += Number(part[1]) * (seconds[part[2] ?? ''] ?? 0)
  return sum > 0 ? sum : undefined
}
