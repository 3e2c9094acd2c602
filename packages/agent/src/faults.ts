import { exitCodes } from './engine/exit-codes.ts'

/** What nobody caught ends the agent with the code for a fault, and is told on stderr. */
export function endOnFaults(): void {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`agent: ${error.stack ?? error.message}\n`)
    process.exit(exitCodes.fault)
  })
}
