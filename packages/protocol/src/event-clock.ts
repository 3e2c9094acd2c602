/**
 * Gives the times of one task's events: at the first call the clock's, from there on by the time that really passes. A
 * clock that is set to another time meanwhile makes no step longer or shorter than it was.
 */
export function eventClock(): () => string {
  let origin: number | undefined
  return () => {
    origin ??= Date.now() - performance.now()
    return new Date(origin + performance.now()).toISOString()
  }
}
