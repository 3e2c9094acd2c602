import type { Plan, PlanJob } from '@orrery/config'
import type { Engine, Fork, Project } from '@orrery/engine'

const origin = { file: '.circleci/config.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }

/** A workflow `main` with one docker job `build`. */
export function onePlan(change: Partial<PlanJob> = {}): Plan {
  const job: PlanJob = {
    name: 'build',
    definition: 'build',
    type: 'build',
    requires: [],
    contexts: [],
    origin,
    spec: {
      executor: { type: 'docker', images: [{ image: 'busybox', environment: {} }] },
      parallelism: 1,
      environment: {},
      workingDirectory: '~/project',
      steps: [{ kind: 'run', name: 'hello', command: 'echo hello', environment: {}, background: false, origin: [] }],
      ipRanges: false,
    },
    ...change,
  }
  return { outcome: 'ok', schedules: [], workflows: [{ name: 'main', jobs: [job], origin }] }
}

/** Starts a pipeline without a config, for tests of what comes after. Answers its id. */
export async function startPlan(
  engine: Engine,
  project: Project,
  plan: Plan,
  revision = 'a'.repeat(40),
  fork?: Fork,
): Promise<string> {
  const pipeline = await engine.beginPipeline({
    projectId: project.id,
    trigger: 'webhook',
    actor: { login: 'dev' },
    vcs: { branch: 'main', revision, subject: 'A change', body: '', author: 'Dev' },
    parameters: {},
    ...(fork && { fork }),
  })
  await engine.startPipeline(pipeline.id, { source: 'source', compiled: 'compiled', plan })
  return pipeline.id
}
