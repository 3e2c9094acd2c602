import type { WorkflowView } from '@orrery/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Installation } from '../kit/installation.ts'
import { untilEnd } from '../kit/outcome.ts'
import { check, configOf, SeenJob } from './behaviour.ts'
import { contextVariables, definitions, projectVariables } from './cases/environment.ts'
import { behaviours } from './cases/index.ts'
import { secrets } from './cases/logs.ts'
import { noOutputTimeoutS } from './cases/run-options.ts'
import { keys } from './cases/ssh-keys.ts'

// All behaviours are jobs of one workflow: real containers, the real agent, one start of the installation.
let installation: Installation
let workflow: WorkflowView

beforeAll(async () => {
  installation = await Installation.start({ noOutputTimeoutS, cancelGraceS: 1 })
  const { engine } = installation.server
  const project = await installation.project('behaviours', { 'note.txt': 'first\n' })
  for (const [name, value] of Object.entries({ ...projectVariables, ...secrets })) {
    await engine.setProjectVariable(project.id, name, value)
  }
  for (const { hostname, privateKey } of Object.values(keys)) {
    await engine.addSshKey(project.id, { hostname, privateKey })
  }
  for (const [context, variables] of Object.entries(contextVariables)) {
    for (const [name, value] of Object.entries(variables)) await engine.setContextVariable(context, name, value)
  }
  const config = configOf(behaviours, definitions)
  const revision = await project.commit({ 'note.txt': 'second\n', '.circleci/config.yml': config })
  await project.git('push', '-q', project.repository, 'main')
  const { workflows, pipeline } = await untilEnd(installation.client, await project.start(revision))
  expect(pipeline.errors).toEqual([])
  workflow = workflows[0] as WorkflowView
}, 240_000)
afterAll(async () => {
  await installation?.[Symbol.asyncDispose]()
})

it.each(Object.entries(behaviours).map(([name, behaviour]) => ({ name, behaviour })))(
  '$name ($behaviour.numbers)',
  async ({ name, behaviour }) => {
    const job = workflow.jobs.find((one) => one.name === name)
    const view = await installation.client.job(job?.id ?? '')

    await check(behaviour, new SeenJob(view, installation.client))
  },
)

it('28: every step record has start, end, status and node', async () => {
  for (const { id, name } of workflow.jobs) {
    const { tasks } = await installation.client.job(id)
    for (const [node, task] of tasks.entries()) {
      expect(task.index).toBe(node)
      for (const step of task.steps) {
        const what = `${name} ${step.name}`
        expect(step.status, what).not.toBe('running')
        expect(Date.parse(step.endedAt ?? ''), what).toBeGreaterThanOrEqual(Date.parse(step.startedAt))
      }
    }
  }
})
