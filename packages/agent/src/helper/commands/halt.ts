import { OrreryError } from '@orrery/protocol/errors'
import { askAgent, taskData } from '../ask-agent.ts'
import type { Command } from '../flags.ts'

/** Ends the job after the current step (spec: execution.md 10.6). Returns once the agent has taken note. */
function haltAs(name: string): Command {
  return {
    synopsis: {
      name,
      positionals: { show: '', least: 0, most: 0 },
      about: 'Ends this node of the job after the current step. The job counts as successful unless something failed.',
      flags: {},
    },
    async run() {
      const data = taskData()
      if (data === undefined) throw new OrreryError('ORY_OUTSIDE_JOB', ['CIRCLE_INTERNAL_TASK_DATA is not set'])
      const answer = await askAgent(data, { command: 'halt' })
      if (answer === undefined) throw new OrreryError('ORY_OUTSIDE_JOB', ['the agent of the job cannot be reached'])
      return 0
    },
  }
}

export const stepHalt = haltAs('step halt')
export const taskHalt = haltAs('task halt')
