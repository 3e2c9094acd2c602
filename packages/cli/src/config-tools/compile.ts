import { existsSync, statSync } from 'node:fs'
import {
  type CompileResult,
  defaultCompileOptions,
  type Inspection,
  inspect,
  type OrbResolver,
  parseArguments,
  type Scalar,
} from '@orrery/config'
import type { Command } from 'commander'
import { readInput, readText } from './input.ts'
import { type LockFlags, locked, type OrbFlags, orbOptions, resolverOf } from './orbs.ts'
import { failWith, type Texts } from './report.ts'

export const defaultConfig = '.circleci/config.yml'

export interface CompileFlags extends OrbFlags, LockFlags {
  pipelineParameters?: string
  branch: string
  tag?: string
}

/** The flags of every command that compiles a config. */
export function compileOptions(command: Command): Command {
  return orbOptions(command)
    .option('--lock <file>', 'lock file that pins orbs (default: orbs.lock beside the config, if it is there)')
    .option('--pipeline-parameters <map or file>', 'pipeline parameters: YAML or JSON, or a file of it')
    .option('--branch <name>', 'compile as for a push to this branch', 'main')
    .option('--tag <name>', 'compile as for a push of this tag')
}

export interface Compiled {
  texts: Texts
  result: CompileResult
  inspection: Inspection
}

/** Compiles a config file, `-` for standard input, as the flags say. @throws OrreryError, Diagnosed */
export async function compileFile(file: string, flags: CompileFlags, useLock = true): Promise<Compiled> {
  const source = await readInput(file)
  const texts: Texts = new Map([[file, source]])
  const orbs = await resolverOf(flags, texts)
  const orbResolver = useLock ? locked(orbs, file, flags) : orbs
  return compileText({ text: source, file }, flags, orbResolver, texts)
}

async function compileText(
  source: { text: string; file: string },
  flags: CompileFlags,
  orbResolver: OrbResolver,
  texts: Texts,
): Promise<Compiled> {
  const pipelineArgs = argumentsOf(flags.pipelineParameters)
  const inspection = await inspect({
    source,
    pipelineValues: pipelineValues(flags),
    pipelineArgs,
    phase: 'initial',
    orbResolver,
    options: defaultCompileOptions,
  })
  return { texts, result: inspection.result, inspection }
}

/** Like `compileFile`, but a config with errors ends the command. */
export async function compiledOrFail(file: string, flags: CompileFlags): Promise<Compiled & { plan: Plan }> {
  const compiled = await compileFile(file, flags)
  const { plan, diagnostics } = compiled.result
  if (!plan) failWith(diagnostics)
  return { ...compiled, plan }
}

type Plan = NonNullable<CompileResult['plan']>

/** A push as this machine can know it; whatever else a pipeline has is empty. */
function pipelineValues({ branch, tag }: CompileFlags): Record<string, Scalar | null> {
  return {
    'pipeline.id': '00000000-0000-0000-0000-000000000000',
    'pipeline.number': 1,
    'pipeline.project.type': 'local',
    'pipeline.git.branch': tag === undefined ? branch : '',
    'pipeline.git.branch.is_default': tag === undefined && branch === 'main',
    'pipeline.git.tag': tag ?? '',
    'pipeline.git.revision': '0000000000000000000000000000000000000000',
    'pipeline.trigger_source': 'webhook',
    'pipeline.event.name': 'push',
    'pipeline.schedule.name': '',
    'pipeline.schedule.id': '',
  }
}

function argumentsOf(given: string | undefined): Record<string, Scalar> {
  if (given === undefined) return {}
  const isFile = existsSync(given) && statSync(given).isFile()
  const file = isFile ? given : '--pipeline-parameters'
  const text = isFile ? readText(given) : given
  const { values, diagnostics } = parseArguments({ text, file })
  if (!values) failWith(diagnostics)
  return values
}
