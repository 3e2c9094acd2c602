/**
 * JSON text for a `json` column. An explicit string, because the driver would turn an array into a PostgreSQL array.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value ?? null)
}

/**
 * Text from outside as PostgreSQL can hold it: no NUL and no lone surrogate. A step's name or a test's message may
 * hold either, and must not make the event that carries it unstorable for ever.
 */
export function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}').toWellFormed()
}
