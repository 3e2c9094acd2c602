/** Exit codes of the agent (protocol: place.ts). */
export const exitCodes = {
  /** Every event is acknowledged. */
  done: 0,
  /** Internal fault: the runner drains the spool. */
  fault: 70,
  /** The server gave the task up. */
  gone: 75,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
