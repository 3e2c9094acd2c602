import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { placePaths } from '@orrery/protocol'

const userPrograms = '/usr/local/bin'

/**
 * Puts the in-job helper where it is found after a job replaced PATH (spec: execution.md 17). Only inside a place, only
 * where the image lets us, and never over a program of the same name.
 */
export function linkHelper(): void {
  const helpers = join(placePaths.runtime, 'bin')
  if (!existsSync(join(helpers, 'circleci'))) return
  for (const name of ['circleci', 'circleci-agent']) {
    try {
      symlinkSync(join(helpers, name), join(userPrograms, name))
    } catch {
      // A program of this name, or a directory that is not ours to write.
    }
  }
}
