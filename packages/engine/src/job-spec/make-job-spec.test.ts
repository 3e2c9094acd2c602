import type { BuildSpec } from '@orrery/config'
import type { EnvironmentLayer, SshKey } from '@orrery/protocol'
import { describe, expect, it } from 'vitest'
import { assembleJobSpec } from './make-job-spec.ts'
import type { TaskFacts } from './task-facts.ts'

const id = (last: number) => `00000000-0000-4000-8000-00000000000${last}`
const origin = { file: 'config.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } }
const options = {
  publicUrl: 'https://ci.example',
  limits: { maxRunTimeS: 1, noOutputTimeoutS: 1, cancelGraceS: 1, logBytesPerStep: 1, artifactBytes: 1 },
}

const spec: BuildSpec = {
  executor: {
    type: 'docker',
    images: [
      { image: 'a', environment: { FROM_IMAGE: '1' }, auth: { username: 'bot', password: '${REGISTRY_KEY}-lit' } },
      { image: 'db', environment: {} },
    ],
  },
  parallelism: 3,
  environment: { FROM_JOB: '$HOME/x' },
  workingDirectory: '~/project',
  steps: [
    {
      kind: 'run',
      name: 'Test',
      command: 'make',
      environment: {},
      background: false,
      origin: [{ file: 'c', line: 1, column: 1 }],
    },
  ],
  ipRanges: false,
}

const facts: TaskFacts = {
  taskId: id(1),
  nodeIndex: 2,
  job: {
    id: id(2),
    name: 'test',
    number: 17,
    parallelism: 3,
    resourceClass: 'large',
    isSshRerun: false,
    plan: { name: 'test', definition: 'test', type: 'build', requires: [], contexts: [], spec, origin },
  },
  contexts: [],
  userKeys: [],
  workflow: { id: id(3), name: 'main', workspaceId: id(4) },
  pipeline: {
    id: id(5),
    number: 9,
    actor: 'ann',
    branch: 'main',
    tag: null,
    revision: 'c0ffee',
    fork: null,
    continuationKey: null,
  },
  project: { id: id(6), slug: 'local/acme/app', layerGeneration: 3 },
  graph: [
    { id: id(7), requires: [] },
    { id: id(8), requires: [{ jobId: id(7) }] },
    { id: id(9), requires: [] },
    { id: id(2), requires: [{ jobId: id(8) }] },
  ],
}

const variables: EnvironmentLayer[] = [
  { source: 'project', vars: { REGISTRY_KEY: 'old', EMPTY: '' } },
  { source: 'context:prod', vars: { REGISTRY_KEY: 'new', OTHER: 'new' } },
]

const key: SshKey = {
  hostname: 'h',
  fingerprintMd5: 'aa',
  fingerprintSha256: 'bb',
  privateKey: '-----BEGIN X-----\nAAAA\nBBBB\n-----END X-----\n',
}

describe('assembleJobSpec', () => {
  const made = assembleJobSpec(facts, { variables, sshKeys: [key] }, options)

  it('orders the layers from low to high', () => {
    expect(made.environment.map((layer) => layer.source)).toEqual([
      'project',
      'context:prod',
      'builtin',
      'image',
      'job',
    ])
    expect(made.environment[3]?.vars).toEqual({ FROM_IMAGE: '1' })
    expect(made.environment[4]?.vars).toEqual({ FROM_JOB: '$HOME/x' })
  })

  it('masks each secret value once, also overridden ones and registry passwords, never the empty text', () => {
    expect(made.maskValues).toEqual(['old', 'new', 'new-lit', 'AAAA\nBBBB'])
  })

  it('expands registry credentials from the variable that wins', () => {
    expect(made.executor).toMatchObject({
      images: [{ auth: { username: 'bot', password: 'new-lit' } }, { image: 'db' }],
    })
  })

  it('sets the built-in variables', () => {
    expect(made.environment[2]?.vars).toEqual({
      CI: 'true',
      CIRCLECI: 'true',
      CIRCLE_BRANCH: 'main',
      CIRCLE_BUILD_NUM: '17',
      CIRCLE_BUILD_URL: `https://ci.example/pipelines/local/acme/app/9/workflows/${id(3)}/jobs/17`,
      CIRCLE_JOB: 'test',
      CIRCLE_NODE_INDEX: '2',
      CIRCLE_NODE_TOTAL: '3',
      CIRCLE_ORGANIZATION_ID: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
      CIRCLE_PIPELINE_ID: id(5),
      CIRCLE_PROJECT_ID: id(6),
      CIRCLE_PROJECT_REPONAME: 'app',
      CIRCLE_PROJECT_USERNAME: 'acme',
      CIRCLE_REPOSITORY_URL: 'https://ci.example/git/local/acme/app.git',
      CIRCLE_SHA1: 'c0ffee',
      CIRCLE_STAGE: 'test',
      CIRCLE_USERNAME: 'ann',
      CIRCLE_WORKFLOW_ID: id(3),
      CIRCLE_WORKFLOW_JOB_ID: id(2),
      CIRCLE_WORKFLOW_UPSTREAM_JOB_IDS: `${id(7)},${id(8)}`,
      CIRCLE_WORKFLOW_WORKSPACE_ID: id(4),
      CIRCLE_WORKING_DIRECTORY: '~/project',
    })
  })

  it('has a tag and no branch in a tag pipeline', () => {
    const pipeline = { ...facts.pipeline, branch: null, tag: 'v1' }

    const tagged = assembleJobSpec({ ...facts, pipeline }, { variables: [], sshKeys: [] }, options)

    expect(tagged.environment[0]?.vars).toMatchObject({ CIRCLE_TAG: 'v1' })
    expect(tagged.environment[0]?.vars).not.toHaveProperty('CIRCLE_BRANCH')
    expect(tagged.checkout).toEqual({
      url: 'https://ci.example/git/local/acme/app.git',
      gatewayPath: '/git/local/acme/app.git',
      sha: 'c0ffee',
      tag: 'v1',
    })
  })

  it('carries the size of the class', () => {
    expect(made.resourceClass).toEqual({ name: 'large', vcpus: 4, memoryMb: 8192, arch: 'amd64' })
  })
})
