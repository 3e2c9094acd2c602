import type { Command } from 'commander'
import { untilSignal } from '../local/shutdown.ts'
import { hostOptions, parsePool, type ServerFlags, serverOptions } from './options.ts'

interface UpFlags extends ServerFlags {
  settings?: string
  pool?: number
}

export function addUpCommand(program: Command): void {
  serverOptions(program.command('up'))
    .description('Start everything on this machine: server, database and a runner, in one process tree.')
    .option('--settings <file>', 'runner settings (default: settings.json in the data directory)')
    .option('--pool <n>', 'containers started ahead, 0 = none (default: settings, else slots, at most 4)', parsePool)
    .addHelpText('after', '\nExample:\n  $ orrery up --data ./state --port 8700')
    .action(runUp)
}

async function runUp(flags: UpFlags): Promise<void> {
  const signal = untilSignal()
  // Loaded when it is needed: the server's modules take a second, and most commands have no use for them.
  const { startUp } = await import('../local/up.ts')
  const options = await hostOptions(flags, flags.settings)
  const up = await startUp({ ...options, settingsFile: flags.settings, pool: flags.pool })
  const { url, adminToken } = up.host
  process.stdout.write(`Orrery is up at ${url}\n  sign in: ${url}/login?token=${adminToken}\n`)
  process.stdout.write(`  data: ${flags.data}   stop: Ctrl-C (running jobs go on and are taken up again)\n`)
  process.stdout.write(`${await signal}: stopping\n`)
  await up.stop()
  process.exit(0)
}
