import { OrreryError } from '@orrery/protocol/errors'
import type { Command } from '../flags.ts'
import { glob } from '../glob/glob.ts'
import { compareBytes } from '../share.ts'
import { writeOut } from '../write-out.ts'

/** Prints what matches any of the patterns, sorted, each once. An argument may hold several patterns (15.2). */
export const testsGlob: Command = {
  synopsis: {
    name: 'tests glob',
    positionals: { show: 'PATTERN...', least: 1, most: Number.POSITIVE_INFINITY },
    about:
      'Prints the files and directories that match, one on a line. * and ? stay within a name, ** crosses directories,\n[a-z] is one character, {a,b} are alternatives. Quote patterns, or the shell takes them.',
    flags: {},
  },
  async run({ positionals }) {
    const patterns = positionals.flatMap((arg) => arg.split(/\s+/)).filter((pattern) => pattern !== '')
    const found = new Set<string>()
    for (const pattern of patterns) {
      for (const path of await globOrRefuse(pattern)) found.add(path)
    }
    await writeOut([...found].sort(compareBytes).map((path) => `${path}\n`))
    return 0
  },
}

async function globOrRefuse(pattern: string): Promise<string[]> {
  try {
    return await glob(pattern)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new OrreryError('ORY_HELPER_USAGE', [`circleci tests glob: ${reason}`], { cause: error })
  }
}
