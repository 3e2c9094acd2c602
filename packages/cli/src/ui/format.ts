import type { JobStatus } from '@orrery/protocol'

/** "0.4s", "12s", "3m04s", "1h02m". */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
}

/** A sign that reads without colour. */
export function statusSign(status: JobStatus): string {
  switch (status) {
    case 'success':
      return '✓'
    case 'failed':
    case 'timedout':
    case 'infrastructure_fail':
    case 'terminated-unknown':
    case 'unauthorized':
      return '✗'
    case 'canceled':
    case 'not_run':
    case 'retried':
      return '–'
    case 'on_hold':
      return '?'
    case 'blocked':
    case 'queued':
    case 'not_running':
      return '·'
    case 'running':
      return '▸'
  }
}

const colours = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, dim: 2, bold: 1 } as const
export type Colour = keyof typeof colours

/** Colours a text, or leaves it alone where colours are not wanted. */
export function painter(enabled: boolean): (colour: Colour, text: string) => string {
  return (colour, text) => (enabled ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text)
}

/** Colours on a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` wins. */
export function wantsColour(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  if (environment['FORCE_COLOR'] && environment['FORCE_COLOR'] !== '0') return true
  return Boolean(stream.isTTY) && !environment['NO_COLOR']
}
