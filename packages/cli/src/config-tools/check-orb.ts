import { type OrbResult, validateOrb, validateOrbTree } from '@orrery/config'
import { isFolder, readFolder, readInput } from './input.ts'
import { type OrbFlags, resolverOf } from './orbs.ts'

/** Checks an orb given as a folder of sources, a packed file, or `-`. @throws OrreryError ORY_FILE, Diagnosed */
export async function checkOrb(path: string, flags: OrbFlags): Promise<OrbResult> {
  const orbs = await resolverOf(flags, new Map())
  if (path !== '-' && isFolder(path)) return validateOrbTree(readFolder(path), orbs)
  return validateOrb({ text: await readInput(path), file: path }, orbs)
}
