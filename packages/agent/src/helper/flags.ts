import { parseArgs } from 'node:util'
import { OrreryError } from '@orrery/protocol/errors'

export interface Flag {
  type: 'string' | 'boolean'
  short?: string
  /** What its value stands for, in the usage text. */
  value?: string
  help: string
}

const commonFlags: Record<string, Flag> = {
  verbose: { type: 'boolean', short: 'v', help: 'tell on stderr what is decided, and why' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** How a command is called: the one place for its usage text and for what it refuses. */
export interface Synopsis {
  /** The words behind `circleci`. */
  name: string
  /** Positional arguments, as the usage text shows them, and how many there may be. */
  positionals: { show: string; least: number; most: number }
  about: string
  flags: Record<string, Flag>
}

export interface Parsed {
  /** `--help` is among the flags; then nothing else was looked at. */
  help: boolean
  text(flag: string): string | undefined
  given(flag: string): boolean
  positionals: string[]
}

/** A command of the helper. `run` answers the exit code; a thrown error is shown, exit code 1. */
export interface Command {
  synopsis: Synopsis
  run(parsed: Parsed): Promise<number>
}

/** Throws ORY_HELPER_USAGE with the name of a flag or argument that the command does not know. Nothing is ignored. */
export function parseFlags(synopsis: Synopsis, args: readonly string[]): Parsed {
  const allFlags = { ...commonFlags, ...synopsis.flags }
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(allFlags).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const help = tokens.some((token) => token.kind === 'option' && (token.name === 'help' || token.name === 'h'))
  if (help) return { help, text: () => undefined, given: () => false, positionals: [] }
  const values = new Map<string, string>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const flag = allFlags[token.name]
    if (flag === undefined) refuse(synopsis, `unknown flag ${token.rawName}`)
    values.set(token.name, flagValue(synopsis, flag, token.rawName, token.value))
  }
  const { least, most } = synopsis.positionals
  if (positionals.length > most) refuse(synopsis, `unexpected argument ${JSON.stringify(positionals[most])}`)
  if (positionals.length < least) refuse(synopsis, `${synopsis.positionals.show} is missing`)
  return { help, text: (flag) => values.get(flag), given: (flag) => values.get(flag) === 'true', positionals }
}

function flagValue(synopsis: Synopsis, flag: Flag, name: string, value: string | undefined): string {
  if (flag.type === 'string') return value ?? refuse(synopsis, `the flag ${name} needs a value`)
  if (value !== undefined && value !== 'true' && value !== 'false') refuse(synopsis, `the flag ${name} takes no value`)
  return value ?? 'true'
}

function refuse(synopsis: Synopsis, what: string): never {
  throw new OrreryError('ORY_HELPER_USAGE', [`circleci ${synopsis.name}: ${what}`])
}

export function usageOf({ name, positionals, about, flags }: Synopsis): string {
  const rows = Object.entries({ ...flags, ...commonFlags }).map(([flag, { short, value, help }]): [string, string] => [
    `${short === undefined ? '    ' : `-${short}, `}--${flag}${value === undefined ? '' : ` ${value}`}`,
    help,
  ])
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}\n`)
  const words = ['circleci', name, '[flags]', positionals.show].filter(Boolean)
  return `Usage: ${words.join(' ')}\n\n${about}\n\nFlags:\n${lines.join('')}`
}
