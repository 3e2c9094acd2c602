import type { Command } from 'commander'
import { addLock } from './lock.ts'
import { addPack } from './pack.ts'
import { addProcess } from './process.ts'
import { addValidate } from './validate.ts'

/** `orrery orb …`: writing orbs, and pinning those that a config uses. */
export function addOrbCommand(program: Command): void {
  const orb = program
    .command('orb')
    .description('Work with orbs; needs no server.')
    .addHelpText('after', '\nExample:\n  $ orrery orb validate src/')
  addPack(orb)
  addValidate(orb)
  addProcess(orb)
  addLock(orb)
}
