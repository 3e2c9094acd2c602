import { randomUUID } from 'node:crypto'
import type { JobSpec, RunStep, Step } from '@orrery/protocol'

/** A run step with the schema's defaults. */
export function run(command: string, more: Partial<RunStep> = {}): Step {
  return { kind: 'run', name: command, command, origin: [], environment: {}, background: false, ...more }
}

/** A job spec for tests; `limits` are merged into those of the default. */
export function jobSpec(
  steps: Step[],
  more: Partial<Omit<JobSpec, 'limits'>> & { limits?: Partial<JobSpec['limits']> } = {},
): JobSpec {
  const { limits, ...rest } = more
  return {
    taskId: randomUUID(),
    jobId: randomUUID(),
    jobName: 'build',
    jobNumber: 1,
    workflowId: randomUUID(),
    workflowName: 'main',
    workspaceId: randomUUID(),
    pipelineId: randomUUID(),
    projectId: randomUUID(),
    projectSlug: 'local/acme/app',
    nodeIndex: 0,
    nodeTotal: 1,
    executor: { type: 'docker', images: [{ image: 'test', environment: {} }] },
    resourceClass: { name: 'medium', vcpus: 2, memoryMb: 4096, arch: 'amd64' },
    workingDirectory: '~/project',
    shell: null,
    environment: [{ source: 'builtin', vars: { CI: 'true', CIRCLE_JOB: 'build' } }],
    maskValues: [],
    sshKeys: [],
    steps,
    checkout: {
      url: 'https://code.example/acme/app.git',
      gatewayPath: '/git/local/acme/app.git',
      sha: 'c0ffee',
      branch: 'main',
    },
    limits: {
      maxRunTimeS: 60,
      noOutputTimeoutS: 30,
      cancelGraceS: 5,
      logBytesPerStep: 50_000_000,
      artifactBytes: 1_000_000,
      ...limits,
    },
    ...rest,
  }
}
