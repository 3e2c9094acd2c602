import { OrreryError } from '@orrery/protocol/errors'
import type { Command } from '../flags.ts'
import { readInput } from '../read-input.ts'
import { SubstitutionError, substitute } from '../substitute.ts'

/** Prints TEXT, or stdin, with variables replaced. TEXT gets a line end, stdin keeps its own. */
export const envSubst: Command = {
  synopsis: {
    name: 'env subst',
    positionals: { show: '[TEXT]', least: 0, most: Number.POSITIVE_INFINITY },
    about:
      'Prints TEXT, or stdin, with variables replaced: $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:=default},\n${NAME=default}, ${NAME:+other}, ${NAME+other}. $$ is one $. What is unset is empty.',
    flags: {},
  },
  async run({ positionals }) {
    const text = positionals.length === 0 ? await readInput() : `${positionals.join(' ')}\n`
    try {
      process.stdout.write(substitute(text, process.env))
    } catch (error) {
      if (!(error instanceof SubstitutionError)) throw error
      throw new OrreryError('ORY_HELPER_USAGE', [`circleci env subst: ${error.message}`], { cause: error })
    }
    return 0
  },
}
