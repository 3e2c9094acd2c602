/** Exit codes of `orrery`; documented in docs/guide/command-line.md. */
export const exitCodes = {
  success: 0,
  /** The pipeline ended, and not with success. */
  failed: 1,
  /** Wrong arguments, a config that does not compile, or something missing on this machine. */
  usage: 2,
  /** A fault of Orrery itself. */
  fault: 70,
  interrupted: 130,
} as const
