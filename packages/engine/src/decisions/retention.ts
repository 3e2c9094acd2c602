/** How long stored data lives, in days from its upload. Reading does not extend a life (execution.md 11.5, 12.1, 13). */
export interface Retention {
  /** Also the most that a job's own `retention` may ask for. */
  cacheDays: number
  workspaceDays: number
  /** Null: for ever. */
  artifactDays: number | null
}

/** `retention: {caches: "7d"}` of a job as days, never more than the installation keeps. */
export function cacheDays(asked: string | undefined, most: number): number {
  return Math.min(Number(/^(\d+)d$/.exec(asked ?? '')?.[1] ?? most), most)
}

export function daysAfter(time: Date, days: number): Date {
  return new Date(time.getTime() + days * 24 * 3600 * 1000)
}
