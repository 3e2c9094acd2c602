import type { PendingPipeline } from '@orrery/engine'
import { expect, it } from 'vitest'
import { pipelineValues } from './pipeline-values.ts'

const pipeline: PendingPipeline = {
  id: 'p1',
  number: 7,
  projectId: 'x',
  project: { id: 'x', slug: 'local/acme/app', name: 'App', defaultBranch: 'main' },
  trigger: 'webhook',
  actor: { login: 'dev' },
  vcs: { branch: 'main', revision: 'a'.repeat(40), subject: 's', body: 'b', author: 'Dev' },
  parameters: {},
  createdAt: new Date('2030-01-01T00:00:00Z'),
}
const provider = { type: 'local', repositoryUrl: 'http://h/git/local/acme/app.git' }
const of = (change: Partial<PendingPipeline>, baseRevision: string | null = null) =>
  pipelineValues({ pipeline: { ...pipeline, ...change }, provider, configPath: '.circleci/config.yml', baseRevision })

it.each([
  [
    'a push to the default branch',
    of({}),
    {
      'pipeline.git.branch': 'main',
      'pipeline.git.branch.is_default': true,
      'pipeline.git.tag': null,
      'pipeline.event.name': 'push',
      'pipeline.trigger_source': 'webhook',
      'pipeline.config.ref': 'refs/heads/main',
      'pipeline.git.base_revision': null,
      'pipeline.schedule.name': null,
      'pipeline.schedule.id': null,
    },
  ],
  ['another branch', of({ vcs: { ...pipeline.vcs, branch: 'dev' } }), { 'pipeline.git.branch.is_default': false }],
  [
    'a tag',
    of({ vcs: { ...pipeline.vcs, branch: undefined, tag: 'v1' } }),
    {
      'pipeline.git.branch': null,
      'pipeline.git.branch.is_default': false,
      'pipeline.git.tag': 'v1',
      'pipeline.config.ref': 'refs/tags/v1',
    },
  ],
  [
    'an API trigger',
    of({ trigger: 'api' }),
    { 'pipeline.event.name': 'api', 'pipeline.trigger.type': 'api', 'pipeline.trigger_source': 'api' },
  ],
  [
    'a later push',
    of({}, 'b'.repeat(40)),
    {
      'pipeline.git.base_revision': 'b'.repeat(40),
      'pipeline.git.repo_owner': 'acme',
      'pipeline.git.repo_name': 'app',
    },
  ],
] as [string, Record<string, unknown>, Record<string, unknown>][])('values of %s', (_, values, expected) => {
  expect(values).toMatchObject(expected)
})

it('leaves a value of other events out, so that an expression naming it is an error', () => {
  expect(of({})).not.toHaveProperty('pipeline.event.context.github.pr_url')
})
