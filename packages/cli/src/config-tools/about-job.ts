import type { Place } from '@orrery/config'
import type { Command } from 'commander'
import { type CompileFlags, compileOptions, defaultConfig } from './compile.ts'

/** Flags of a command whose argument is a job of a config. */
export interface JobFlags extends CompileFlags {
  config: string
  json?: boolean
}

/** Gives a command that tells about a job the flags for the config that has it. */
export function jobOptions(command: Command): Command {
  return compileOptions(command)
    .option('-c, --config <file>', 'config file, `-` for standard input', defaultConfig)
    .option('--json', 'print it as JSON')
}

/** A place as editors and terminals know it. */
export function shown({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}
