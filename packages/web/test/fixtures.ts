import type { JobSummary, JobView, PipelineView, ProjectView, StepView, TestView, WorkflowView } from '@orrery/protocol'

const start = Date.now() - 200_000

/** A moment, in seconds after the fixtures' pipelines began. */
function at(seconds: number): string {
  return new Date(start + seconds * 1000).toISOString()
}

/** A readable UUID: `id('job', 3)` is the same everywhere. */
export function id(kind: 'project' | 'pipeline' | 'workflow' | 'job' | 'request', number: number): string {
  const family = { project: 1, pipeline: 2, workflow: 3, job: 4, request: 5 }[kind]
  return `00000000-0000-4000-8000-${String(family).padStart(4, '0')}${String(number).padStart(8, '0')}`
}

export const projects: ProjectView[] = ['shop', 'billing', 'infrastructure'].map((name, i) => ({
  id: id('project', i + 1),
  slug: `local/acme/${name}`,
  name: `acme/${name}`,
  defaultBranch: 'main',
  gitUrl: `http://127.0.0.1:8700/git/local/acme/${name}.git`,
}))

function pipeline(number: number, fields: Partial<PipelineView>): PipelineView {
  return {
    id: id('pipeline', number),
    number,
    projectSlug: 'local/acme/shop',
    projectName: 'acme/shop',
    state: 'created',
    branch: 'main',
    tag: null,
    revision: '3f2a9c1d5b7e8f0a1b2c3d4e5f60718293a4b5c6',
    subject: 'Charge the card only once when the form is sent twice',
    author: 'Ada Moreno',
    trigger: 'push',
    createdAt: at(0),
    errors: [],
    workflows: [],
    ...fields,
  }
}

export const jobs: JobSummary[] = [
  job(1, 'lint', { status: 'success', startedAt: at(2), stoppedAt: at(21) }),
  job(2, 'build', { status: 'success', startedAt: at(2), stoppedAt: at(64) }),
  job(3, 'unit-tests', {
    requires: [id('job', 2)],
    status: 'failed',
    parallelism: 4,
    startedAt: at(66),
    stoppedAt: at(151),
  }),
  job(4, 'end-to-end', { requires: [id('job', 2)], status: 'running', startedAt: at(66) }),
  job(5, 'package-image-for-every-architecture', { requires: [id('job', 2), id('job', 1)], status: 'queued' }),
  job(6, 'approve-release', {
    requires: [id('job', 1)],
    type: 'approval',
    status: 'on_hold',
    jobNumber: null,
    approvalRequestId: id('request', 6),
  }),
  job(7, 'deploy-staging', { requires: [3, 4, 5].map((n) => id('job', n)), status: 'blocked', jobNumber: null }),
  job(8, 'deploy-production', { requires: [id('job', 6), id('job', 7)], status: 'blocked', jobNumber: null }),
]

function job(number: number, name: string, fields: Partial<JobSummary>): JobSummary {
  return {
    id: id('job', number),
    name,
    type: 'build',
    status: 'blocked',
    jobNumber: 400 + number,
    requires: [],
    parallelism: 1,
    startedAt: null,
    stoppedAt: null,
    approvalRequestId: null,
    reason: null,
    ...fields,
  }
}

const workflowSummary = {
  id: id('workflow', 1),
  name: 'build-and-deploy',
  status: 'failing',
  createdAt: at(1),
  stoppedAt: null,
} as const

export const pipelines: PipelineView[] = [
  pipeline(1287, { workflows: [workflowSummary] }),
  pipeline(1286, {
    state: 'errored',
    branch: 'feature/setup-env-command',
    subject: 'Use the shared environment command',
    author: 'Kenji Watanabe',
    revision: '91c0de4466aa0b1c2d3e4f5061728394a5b6c7d8',
    createdAt: at(-900),
    errors: [
      {
        type: 'config',
        message: 'Cannot find a definition for command named setup-env',
        code: 'C405',
        file: '.circleci/config.yml',
        line: 14,
        column: 9,
        hint: 'Did you mean set-up-env? Commands are defined under `commands` or come from an orb.',
        excerpt:
          '  13 |       - checkout\n  14 |       - setup-env\n     |         ^^^^^^^^^\n  15 |       - run: make test',
      },
      {
        type: 'config',
        message: 'Job deploy requires unknown job biuld',
        code: 'C611',
        file: '.circleci/config.yml',
        line: 41,
      },
    ],
  }),
  pipeline(1285, {
    branch: null,
    tag: 'v2.14.0',
    subject: 'Release 2.14.0',
    createdAt: at(-4000),
    workflows: [
      {
        id: id('workflow', 2),
        name: 'build-and-deploy',
        status: 'success',
        createdAt: at(-3990),
        stoppedAt: at(-3500),
      },
      { id: id('workflow', 3), name: 'publish-docs', status: 'canceled', createdAt: at(-3990), stoppedAt: at(-3900) },
    ],
  }),
  pipeline(311, {
    id: id('pipeline', 311),
    projectSlug: 'local/acme/billing',
    projectName: 'acme/billing',
    branch: 'retry-webhooks-with-exponential-backoff-and-a-very-long-name',
    subject:
      'Retry webhooks with growing pauses, and give up after a day with one message to the owner of the endpoint',
    author: 'María José Fernández',
    createdAt: at(-90_000),
    workflows: [
      { id: id('workflow', 4), name: 'test', status: 'failed', createdAt: at(-90_000), stoppedAt: at(-89_900) },
      { id: id('workflow', 5), name: 'test', status: 'success', createdAt: at(-89_000), stoppedAt: at(-88_700) },
      { id: id('workflow', 6), name: 'nightly', status: 'on_hold', createdAt: at(-89_990), stoppedAt: null },
    ],
  }),
]

const { workflows: _, ...firstPipeline } = pipelines[0] as PipelineView

export const workflow: WorkflowView = { ...workflowSummary, pipeline: firstPipeline, jobs }

function step(number: number, name: string, fields: Partial<StepView> = {}): StepView {
  return {
    step: number,
    attempt: 0,
    name,
    kind: 'run',
    command: null,
    status: 'success',
    exitCode: 0,
    background: false,
    insignificant: false,
    hint: null,
    startedAt: at(66 + number),
    endedAt: at(68 + number * 2),
    logBytes: 1,
    origin: [],
    ...fields,
  }
}

const testStep = step(103, 'npm test', {
  command: 'npm run compile\nnpm test -- --reporter=junit',
  status: 'failed',
  exitCode: 1,
  startedAt: at(90),
  endedAt: at(150),
  origin: [
    { file: '.circleci/config.yml', line: 31, column: 7, what: 'job unit-tests' },
    { file: '.circleci/config.yml', line: 8, column: 5, what: 'command test' },
  ],
})

const commonSteps = [
  step(0, 'Spin up environment', { kind: 'infrastructure' }),
  step(101, 'Checkout code', { kind: 'checkout', startedAt: at(70), endedAt: at(71.2) }),
  step(102, 'npm ci', { command: 'npm ci', startedAt: at(72), endedAt: at(90) }),
]

/** `unit-tests` has failed on node 1 of 4. */
export const failedJob: JobView = {
  ...(jobs[2] as JobSummary),
  workflow: workflowSummary,
  pipeline: firstPipeline,
  executor: 'docker · cimg/node:24.3',
  resourceClass: 'medium',
  contexts: ['org-global', 'npm-publish'],
  canRerunWithSsh: true,
  tasks: [0, 1, 2, 3].map((index) => ({
    index,
    status: index === 1 ? 'failed' : 'success',
    runnableAt: at(64),
    startedAt: at(66 + index),
    endedAt: at(151),
    usage: { cpuS: 20, memoryMaxBytes: 300_000_000 + index * 50_000_000, memoryMeanBytes: 200_000_000 },
    steps: [
      ...commonSteps,
      index === 1 ? testStep : { ...testStep, status: 'success', exitCode: 0 },
      step(104, 'Upload test results', { kind: 'store_test_results', startedAt: at(150), endedAt: at(151) }),
    ],
  })),
}

/** `end-to-end` is running its only step. */
export const runningJob: JobView = {
  ...(jobs[3] as JobSummary),
  workflow: workflowSummary,
  pipeline: firstPipeline,
  executor: 'docker · cimg/node:24.3-browsers',
  resourceClass: 'large',
  contexts: [],
  canRerunWithSsh: true,
  tasks: [
    {
      index: 0,
      status: 'running',
      runnableAt: at(64),
      startedAt: at(66),
      endedAt: null,
      usage: null,
      steps: [
        ...commonSteps,
        step(103, 'Run the browser tests', {
          command: 'npm run e2e',
          status: 'running',
          exitCode: null,
          startedAt: at(95),
          endedAt: null,
        }),
      ],
    },
  ],
}

export const failedLog = [
  '\x1b[2m> shop@2.14.0 test\x1b[0m',
  ...Array.from(
    { length: 60 },
    (_unused, i) => ` \x1b[32m✓\x1b[0m cart adds item ${i + 1} \x1b[2m(${(i * 7) % 31} ms)\x1b[0m`,
  ),
  ' \x1b[31m✗ checkout charges once\x1b[0m',
  '   \x1b[31mAssertionError: expected 2 to be 1\x1b[0m',
  '     \x1b[2mat checkout.test.ts:\x1b[33m41\x1b[0m\x1b[2m:18\x1b[0m',
  '\x1b[7m\x1b[1m\x1b[31m FAIL \x1b[0m \x1b[38;5;208mcheckout.test.ts\x1b[0m',
  'compressing  10%\rcompressing  50%\rcompressing 100%\x1b[K',
  '\x1b]0;title\x07\x1b[1mTests:\x1b[22m 1 failed, 60 passed',
  '',
].join('\n')

export const tests: TestView[] = [
  {
    name: 'adds an item',
    classname: 'cart',
    file: 'cart.test.ts',
    runTime: 0.012,
    result: 'success',
    message: '',
    nodeIndex: 0,
  },
  {
    name: 'is skipped on weekends',
    classname: 'cart',
    runTime: 0,
    result: 'skipped',
    message: 'not today',
    nodeIndex: 2,
  },
  {
    flaky: true,
    name: 'charges once',
    classname: 'checkout',
    file: 'checkout.test.ts',
    runTime: 1.52,
    result: 'failure',
    message: 'AssertionError: expected 2 to be 1\n    at checkout.test.ts:41:18',
    nodeIndex: 1,
  },
]

export const artifacts = [
  { path: 'coverage/index.html', nodeIndex: 0, size: 18_234, url: '/artifacts/0/coverage/index.html' },
  { path: 'screenshots/checkout.png', nodeIndex: 1, size: 402_001, url: '/artifacts/1/screenshots/checkout.png' },
]
