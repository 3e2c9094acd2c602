import { readFile } from 'node:fs/promises'
import { OrreryError } from '@orrery/protocol/errors'
import type { Command } from '../flags.ts'
import { readInput } from '../read-input.ts'
import { warn } from '../say.ts'
import { loadEarlier } from '../tests/earlier.ts'
import { namesIn, splitNames } from '../tests/split.ts'
import { splitFlags, splitOptions } from '../tests/split-options.ts'
import { writeOut } from '../write-out.ts'

/** Prints this node's share of test names (spec: execution.md 15.3). Only names go to stdout. */
export const testsSplit: Command = {
  synopsis: {
    name: 'tests split',
    positionals: { show: '[FILE]', least: 0, most: 1 },
    about: "Prints this node's part of the names in FILE or on stdin, one on a line.",
    flags: splitFlags,
  },
  async run(parsed) {
    const options = splitOptions(parsed)
    const [file] = parsed.positionals
    const names = namesIn(file === undefined || file === '-' ? await readInput() : await textOf(file))
    if (names.length === 0) {
      warn('No test names found in input source')
      return 0
    }
    const mine = await splitNames(names, options, async () => (await loadEarlier()).tests)
    await writeOut(mine.map((name) => `${name}\n`))
    return 0
  },
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new OrreryError('ORY_HELPER_USAGE', [`circleci tests split: ${reason}`], { cause: error })
  }
}
