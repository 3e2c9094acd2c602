import type { Command } from 'commander'
import { untilSignal } from '../local/shutdown.ts'
import { hostOptions, type ServerFlags, serverOptions } from './options.ts'

export function addServerCommand(program: Command): void {
  serverOptions(program.command('server'))
    .description('Start the server alone; runners connect from elsewhere. Uses DATABASE_URL when it is set.')
    .addHelpText(
      'after',
      '\nExample:\n  $ DATABASE_URL=postgres://orrery@db/orrery orrery server --host 0.0.0.0 --public-url https://ci.example.org',
    )
    .action(runServer)
}

async function runServer(flags: ServerFlags): Promise<void> {
  const signal = untilSignal()
  // Loaded when it is needed: the server's modules take a second, and most commands have no use for them.
  const { startHost } = await import('../local/host.ts')
  const host = await startHost(await hostOptions(flags))
  process.stdout.write(`Orrery server is up at ${host.url}\n  sign in: ${host.url}/login?token=${host.adminToken}\n`)
  process.stdout.write(`  runner token: ${host.runnerTokenFile}\n`)
  process.stdout.write(`${await signal}: stopping\n`)
  await host.close()
  process.exit(0)
}
