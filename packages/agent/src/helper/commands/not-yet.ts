import { OrreryError } from '@orrery/protocol/errors'
import type { Command, Flag } from '../flags.ts'

/** Commands of the format that this version cannot do. They fail loudly: a script must not believe they worked. */
function notYet(name: string, about: string, flags: Record<string, Flag>, most: number): Command {
  return {
    synopsis: { name, positionals: { show: most > 0 ? '[NAME]' : '', least: 0, most }, about, flags },
    async run() {
      throw new OrreryError('ORY_NOT_YET', [`circleci ${name}`])
    },
  }
}

const text = (help: string): Flag => ({ type: 'string', value: 'TEXT', help })
const release = {
  'environment-name': text('where to'),
  'component-name': text('what'),
  'target-version': text('which version'),
}

export const releasePlan = notYet(
  'run release plan',
  'Records a planned deployment. Not offered yet.',
  { ...release, namespace: text('namespace'), 'release-strategy': text('strategy') },
  1,
)
export const releaseUpdate = notYet(
  'run release update',
  'Changes the status of a planned deployment. Not offered yet.',
  { status: text('RUNNING, SUCCESS, FAILED or CANCELED'), 'failure-reason': text('why it failed') },
  1,
)
export const releaseLog = notYet('run release log', 'Records a deployment. Not offered yet.', release, 0)
