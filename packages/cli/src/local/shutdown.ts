/**
 * Resolves at the first SIGINT or SIGTERM; a second signal ends the process at once. SIGHUP too: a closed terminal
 * should end `orrery up` as cleanly as Ctrl-C does.
 */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) {
      process.on(signal, () => {
        if (asked) process.exit(130)
        asked = true
        resolve(signal)
      })
    }
  })
}
