/** Plain data for comparing. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

export function isMap(value: Plain): value is { [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same text for the same meaning: keys in order. */
export function canonical(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isMap(value)) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join()}}`
}
