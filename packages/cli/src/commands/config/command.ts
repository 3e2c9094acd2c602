import type { Command } from 'commander'
import { addDiff } from './diff.ts'
import { addExplain } from './explain.ts'
import { addGraph } from './graph.ts'
import { addPack } from './pack.ts'
import { addProcess } from './process.ts'
import { addSchema } from './schema.ts'
import { addValidate } from './validate.ts'
import { addWhy } from './why.ts'

/** `orrery config …`: what can be said of a config without any server. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .description('Work with config files; needs no server.')
    .addHelpText('after', '\nExample:\n  $ orrery config validate')
  addValidate(config)
  addProcess(config)
  addPack(config)
  addSchema(config)
  addExplain(config)
  addWhy(config)
  addGraph(config)
  addDiff(config)
}
