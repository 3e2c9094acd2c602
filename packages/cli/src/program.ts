import { OrreryError } from '@orrery/protocol'
import { Command, CommanderError } from 'commander'
import { addConfigCommand } from './commands/config/command.ts'
import { addOrbCommand } from './commands/orb/command.ts'
import { addProjectCommand } from './commands/project.ts'
import { addRunCommand } from './commands/run.ts'
import { addRunnerCommand } from './commands/runner.ts'
import { addServerCommand } from './commands/server.ts'
import { addSshCommand } from './commands/ssh.ts'
import { addSshKeyCommand } from './commands/ssh-key.ts'
import { addUpCommand } from './commands/up.ts'
import { exitCodes } from './exit-codes.ts'
import { version } from './version.ts'

/** Runs the command line; sets `process.exitCode` and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('orrery')
    .description('Runs .circleci/config.yml pipelines on your own machines.')
    .version(version)
    .showHelpAfterError()
    .exitOverride()
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  $ orrery up\n  $ orrery run --job test')
  addUpCommand(program)
  addServerCommand(program)
  addRunnerCommand(program)
  addRunCommand(program)
  addProjectCommand(program)
  addSshCommand(program)
  addSshKeyCommand(program)
  addConfigCommand(program)
  addOrbCommand(program)
  // A reader that has seen enough (`| head`) closes the pipe; what is left to say has no listener any more.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  try {
    await program.parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** One sentence and what to do for errors of the catalogue; a stack only for faults of our own. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof OrreryError) {
    process.stderr.write(`orrery: ${error.message}\n  ${error.help} (${error.code})\n`)
    return exitCodes.usage
  }
  process.stderr.write(`orrery: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCodes.fault
}
