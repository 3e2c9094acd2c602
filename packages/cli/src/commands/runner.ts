import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OrreryError } from '@orrery/protocol'
import type { Command } from 'commander'
import { defaultDataDirectory } from '../data-directory.ts'
import { untilSignal } from '../local/shutdown.ts'
import { readSettings } from '../settings.ts'
import { parsePool } from './options.ts'

interface RunnerFlags {
  server: string
  token?: string
  tokenFile?: string
  data: string
  name?: string
  settings?: string
  pool?: number
  drain?: boolean
  verbose?: boolean
}

export function addRunnerCommand(program: Command): void {
  program
    .command('runner')
    .description('Run tasks for a server, in containers of this machine.')
    .requiredOption('--server <url>', 'address of the server')
    .option(
      '--token <token>',
      'runner token; better: --token-file, or ORRERY_RUNNER_TOKEN, which other users cannot see',
    )
    .option('--token-file <file>', 'file that holds the runner token')
    .option('--data <dir>', 'where the runner keeps its state', join(defaultDataDirectory(), 'runner'))
    .option('--name <name>', 'name shown to people (default: the host name)')
    .option('--settings <file>', 'settings file (default: settings.json in the data directory)')
    .option('--pool <n>', 'containers started ahead, 0 = none (default: settings, else slots, at most 4)', parsePool)
    .option('--verbose', 'tell what the runner does, not only what goes wrong')
    .option('--drain', 'on stop, wait for running tasks instead of leaving them to the next start')
    .addHelpText(
      'after',
      '\nExample:\n  $ orrery runner --server https://ci.example.org --token-file /etc/orrery/runner-token',
    )
    .action(runRunner)
}

async function runRunner(flags: RunnerFlags): Promise<void> {
  const signal = untilSignal()
  // Loaded when it is needed, as every server and runner is: most commands have no use for their modules.
  const { prepareRunner } = await import('../local/runner-host.ts')
  const runner = await prepareRunner({
    serverUrl: flags.server,
    token: await readToken(flags),
    dataDir: flags.data,
    settings: await readSettings(flags.settings, join(flags.data, 'settings.json')),
    ...(flags.pool === undefined ? {} : { pool: flags.pool }),
    ...(flags.name ? { name: flags.name } : {}),
    log: (message, level, data) => {
      if (level === 'info' && !flags.verbose) return
      process.stderr.write(`${level}: ${message}${data ? ` ${JSON.stringify(data)}` : ''}\n`)
    },
  })
  await runner.start()
  if (process.env['ORRERY_PARENT_PIPE'] !== '1') process.stdout.write(`runner is ready for ${flags.server}\n`)
  await Promise.race([signal, parentGone()])
  await runner.stop({ drain: flags.drain ?? false })
  process.exit(0)
}

async function readToken(flags: RunnerFlags): Promise<string> {
  const token = flags.tokenFile
    ? (await readFile(flags.tokenFile, 'utf8')).trim()
    : (flags.token ?? process.env['ORRERY_RUNNER_TOKEN'])
  if (!token) throw new OrreryError('ORY_BAD_REQUEST', ['a runner needs --token-file, --token or ORRERY_RUNNER_TOKEN'])
  return token
}

/** Under `orrery up` our standard input is a pipe that its process holds; its end is that process's end. */
function parentGone(): Promise<void> {
  if (process.env['ORRERY_PARENT_PIPE'] !== '1') return new Promise(() => {})
  return new Promise((resolve) => {
    process.stdin.on('end', resolve)
    process.stdin.on('error', () => resolve())
    process.stdin.resume()
  })
}
