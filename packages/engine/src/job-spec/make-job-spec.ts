import type { BuildSpec, PlanExecutor } from '@orrery/config'
import { type EnvironmentLayer, type Executor, JobSpec, OrreryError, type SshKey } from '@orrery/protocol'
import { privateKeyBody } from '@orrery/protocol/masking'
import type { EngineContext } from '../context.ts'
import { ownScope, withholdsSecrets } from '../decisions/trust.ts'
import { secretOwner } from '../secrets/secret-box.ts'
import { jobTokens } from '../systems/identity.ts'
import { openSshKeys } from '../systems/ssh-keys.ts'
import { builtinVariables, repositoryUrl } from './builtin-variables.ts'
import { earlierJobs } from './earlier-jobs.ts'
import { loadVariables } from './load-variables.ts'
import { registryLogin, secretsOf } from './registry-auth.ts'
import { findClass } from './resource-classes.ts'
import { loadTaskFacts, type TaskFacts } from './task-facts.ts'

type SshLimits = Omit<NonNullable<JobSpec['ssh']>, 'authorizedKeys'>

/** execution.md 19: ten minutes with nobody connected, two hours at most. */
const sshLimits: SshLimits = { idleS: 600, longestS: 7200 }

/**
 * The one document a runner gets with a claim (execution.md 1.1). Made anew at each call: secrets are never stored in it.
 * A runner waits for it, so what needs nothing of the rest is asked at the same time.
 */
export async function makeJobSpec(ctx: EngineContext, task: { id: string; job_id: string }): Promise<JobSpec> {
  const asked = earlierJobs(ctx.db, task.job_id)
  asked.catch(() => undefined)
  const facts = await loadTaskFacts(ctx.db, task.id)
  const [earlier, secrets, tokens] = await Promise.all([asked, loadSecrets(ctx, facts), jobTokens(ctx, facts)])
  const tests = { earlierResults: earlier.length > 0, rerunFailedOf: facts.job.rerunsFailedTestsOf ?? null }
  return { ...assembleJobSpec(facts, { ...secrets, ...(tokens && { tokens }) }, ctx.options), tests }
}

/**
 * What a log of the task must not show, for a runner that goes on with it after a restart. The tokens of the job's
 * identity are not among them: they are made at each claim and kept nowhere.
 */
export async function valuesToMask(ctx: EngineContext, taskId: string): Promise<string[]> {
  const facts = await loadTaskFacts(ctx.db, taskId)
  const secrets = await loadSecrets(ctx, facts)
  const executor = facts.job.plan.spec?.executor
  return maskValues(executor && withLogins(executor, secrets), secrets)
}

async function loadSecrets(ctx: EngineContext, facts: TaskFacts): Promise<TaskSecrets> {
  const { id, continuationKey: sealed } = facts.pipeline
  const key = sealed && { continuationKey: ctx.secrets.open(secretOwner.continuation(id), sealed) }
  // A fork without the project's trust gets no variable and no key (execution.md 9.6).
  const isTrusted = !withholdsSecrets(facts.pipeline.fork)
  const [variables, sshKeys] = await Promise.all([
    isTrusted ? loadVariables(ctx.db, ctx.secrets, facts.project.id, facts.contexts) : [],
    isTrusted && usesSshKeys(facts) ? openSshKeys(ctx.db, ctx.secrets, facts.project.id) : [],
  ])
  return { variables, sshKeys, ...key }
}

/** Keys go only where a step asks for them. */
function usesSshKeys(facts: TaskFacts): boolean {
  return facts.job.plan.spec?.steps.some((step) => step.kind === 'add_ssh_keys') ?? false
}

/** What is secret in a task's document. */
export interface TaskSecrets {
  /** The project's and the contexts' layers, lowest first. */
  variables: readonly EnvironmentLayer[]
  sshKeys: readonly SshKey[]
  /** Of the job's identity (execution.md 9.5). */
  tokens?: { v1: string; v2: string }
  /** Of a job of a setup workflow: what continues the pipeline (platform.md 6). */
  continuationKey?: string
}

/** Pure part of `makeJobSpec`. */
export function assembleJobSpec(
  facts: TaskFacts,
  secrets: TaskSecrets,
  options: { publicUrl: string; limits: JobSpec['limits']; cacheUploadMustSucceed?: boolean; ssh?: SshLimits },
): JobSpec {
  const { job, workflow, pipeline, project } = facts
  const { variables, sshKeys, tokens, continuationKey } = secrets
  const spec = job.plan.spec
  if (!spec) throw new Error(`job ${job.name} has nothing to execute`)
  const resourceClass = findClass(spec.executor.type, job.resourceClass)
  if (!resourceClass) throw new OrreryError('ORY_RESOURCE_CLASS', [job.resourceClass])
  const executor = withLogins(spec.executor, secrets)

  return JobSpec.parse({
    taskId: facts.taskId,
    jobId: job.id,
    jobName: job.name,
    jobNumber: job.number,
    workflowId: workflow.id,
    workflowName: workflow.name,
    workspaceId: workflow.workspaceId,
    pipelineId: pipeline.id,
    projectId: project.id,
    projectSlug: project.slug,
    nodeIndex: facts.nodeIndex,
    nodeTotal: job.parallelism,
    executor,
    resourceClass,
    workingDirectory: spec.workingDirectory,
    shell: spec.shell ?? null,
    environment: environmentLayers(spec, variables, {
      ...builtinVariables(facts, options.publicUrl),
      ...(tokens && { CIRCLE_OIDC_TOKEN: tokens.v1, CIRCLE_OIDC_TOKEN_V2: tokens.v2 }),
      ...(continuationKey !== undefined && { CIRCLE_CONTINUATION_KEY: continuationKey }),
    }),
    maskValues: maskValues(executor, secrets),
    sshKeys,
    steps: spec.steps,
    checkout: {
      url: repositoryUrl(options.publicUrl, project.slug),
      gatewayPath: `/git/${project.slug}.git`,
      sha: pipeline.revision,
      ...(pipeline.branch === null ? {} : { branch: pipeline.branch }),
      ...(pipeline.tag === null ? {} : { tag: pipeline.tag }),
    },
    ...(facts.userKeys.length > 0 && { ssh: { ...(options.ssh ?? sshLimits), authorizedKeys: facts.userKeys } }),
    layers: { generation: project.layerGeneration, scope: ownScope(pipeline.fork) },
    cacheUploadMustSucceed: options.cacheUploadMustSucceed ?? false,
    limits: options.limits,
  })
}

/** Lowest first: project, contexts in order, builtin, image, job (execution.md 9.2). */
function environmentLayers(
  spec: BuildSpec,
  variables: readonly EnvironmentLayer[],
  builtin: Record<string, string>,
): EnvironmentLayer[] {
  const image = spec.executor.type === 'docker' ? (spec.executor.images[0]?.environment ?? {}) : {}
  return [
    ...variables,
    { source: 'builtin', vars: builtin },
    { source: 'image', vars: image },
    { source: 'job', vars: spec.environment },
  ]
}

/** Each value once; also of variables that a later layer overrides, because a job may still print them. */
function maskValues(executor: Executor | undefined, { variables, sshKeys, tokens, continuationKey }: TaskSecrets) {
  const values = variables.flatMap((layer) => Object.values(layer.vars))
  const logins = executor?.type === 'docker' ? executor.images.flatMap(secretsOf) : []
  const ours = [continuationKey, tokens?.v1, tokens?.v2].filter((value) => value !== undefined)
  const keys = sshKeys.map(({ privateKey }) => privateKeyBody(privateKey))
  return [...new Set([...values, ...logins, ...ours, ...keys])].filter((value) => value !== '')
}

function withLogins(executor: PlanExecutor, { variables, tokens }: TaskSecrets): Executor {
  if (executor.type !== 'docker') return executor
  const known = new Map(variables.flatMap((layer) => Object.entries(layer.vars)))
  const images = executor.images.map((image) => {
    const { auth: _, awsAuth: __, gcpAuth: ___, ...rest } = image
    return { ...rest, ...registryLogin(image, known, tokens?.v2) }
  })
  return { ...executor, images }
}
