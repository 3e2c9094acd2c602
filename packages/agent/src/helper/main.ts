/**
 * `circleci` and `circleci-agent` inside a job (spec: execution.md 17). Answers go to stdout, complaints to stderr.
 * Scripts call it often: what every call loads is small, hence errors by their own path and commands when needed.
 */
import { OrreryError } from '@orrery/protocol/errors'
import { findCommand, usage } from './find-command.ts'
import { parseFlags, usageOf } from './flags.ts'

async function main(args: readonly string[]): Promise<number> {
  const words = withoutVerbose(args)
  const [first] = words
  if (first === undefined) {
    process.stderr.write(usage)
    return 1
  }
  const found =
    first === 'help' ? undefined : await findCommand(first === '--version' ? ['version', ...words.slice(1)] : words)
  if (found === undefined) {
    process.stdout.write(usage)
    return 0
  }
  const { command, rest } = found
  const verbose = words.length < args.length ? ['--verbose'] : []
  const parsed = parseFlags(command.synopsis, [...verbose, ...rest])
  if (parsed.help) {
    process.stdout.write(usageOf(command.synopsis))
    return 0
  }
  return await command.run(parsed)
}

/** `--verbose` may stand before the command. */
function withoutVerbose(args: readonly string[]): readonly string[] {
  const first = args.findIndex((arg) => arg !== '--verbose' && arg !== '-v')
  return first === -1 ? [] : args.slice(first)
}

function complain(error: unknown): void {
  if (!(error instanceof OrreryError)) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`)
    return
  }
  process.stderr.write(`Error: ${error.message}\n  ${error.help} (${error.code})\n`)
  if (error.message.startsWith('unknown command')) process.stderr.write(`\n${usage}`)
}

// The wrapper renamed what would have kept this program from starting; children shall have it again.
for (const [name, value] of Object.entries(process.env)) {
  if (!name.startsWith('ORRERY_KEPT_')) continue
  delete process.env[name]
  process.env[name.slice('ORRERY_KEPT_'.length)] = value
}

// A reader like `head` may leave early; that is its right.
process.stdout.on('error', () => process.exit(0))
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  complain(error)
  process.exitCode = 1
}
