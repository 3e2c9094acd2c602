import { z } from 'zod'
import { Step } from './steps.ts'

/** One container of a docker job (execution.md 4.1). The first of the list is the primary container. */
export const ImageSpec = z.object({
  image: z.string(),
  name: z.string().optional(),
  /** Already split into words by the compiler where the config gave one string. */
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  /** Registry credentials with `$NAME` references already expanded (execution.md 4.5); so are those below. */
  auth: z.object({ username: z.string(), password: z.string() }).optional(),
  /** Login at ECR: by keys, or by a role that the job's identity may take. */
  awsAuth: z
    .union([
      z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string().optional() }),
      z.object({
        roleArn: z.string(),
        /** A token of the job; absent where the job has no identity (builds of forks). */
        token: z.string().optional(),
      }),
    ])
    .optional(),
  /** Login at Artifact Registry by the job's identity. */
  gcpAuth: z
    .object({
      serviceAccount: z.string(),
      pool: z.string(),
      provider: z.string(),
      /** A token of the job; absent where the job has no identity (builds of forks). */
      token: z.string().optional(),
      /** Taken from the variables of the job, not asked for by its config: the image may as well be public. */
      automatic: z.boolean().default(false),
    })
    .optional(),
})
export type ImageSpec = z.infer<typeof ImageSpec>

/** The document as the place gets it: logins for registries are the runner's business alone (execution.md 4.5). */
export function withoutRegistryLogins(spec: JobSpec): JobSpec {
  if (spec.executor.type !== 'docker') return spec
  const images = spec.executor.images.map(({ auth: _, awsAuth: __, gcpAuth: ___, ...image }) => image)
  return { ...spec, executor: { ...spec.executor, images } }
}

/** What kind of place the task needs. A runner claims only the kinds its drivers offer. */
export const Executor = z.discriminatedUnion('type', [
  z.object({ type: z.literal('docker'), images: z.array(ImageSpec).min(1) }),
  z.object({ type: z.literal('machine'), image: z.string(), dockerLayerCaching: z.boolean().default(false) }),
  z.object({ type: z.literal('macos'), xcode: z.string() }),
])
export type Executor = z.infer<typeof Executor>

export const ResourceClass = z.object({
  name: z.string(),
  vcpus: z.number().positive(),
  memoryMb: z.number().int().positive(),
  arch: z.enum(['amd64', 'arm64']),
})
export type ResourceClass = z.infer<typeof ResourceClass>

/** One layer of the environment; layers are ordered from the lowest to the highest precedence (execution.md 9.2). */
export const EnvironmentLayer = z.object({
  /** `project`, `context:<name>`, `builtin`, `image` (docker[0].environment) or `job`. */
  source: z.string(),
  vars: z.record(z.string(), z.string()),
})
export type EnvironmentLayer = z.infer<typeof EnvironmentLayer>

/** An additional key of the project (execution.md 10.7): for ssh of the job's own steps. */
export const SshKey = z.object({
  /** Empty = for every host. */
  hostname: z.string(),
  /** Lower-case hex pairs with colons. */
  fingerprintMd5: z.string(),
  /** Base64 without padding, without the prefix `SHA256:`. */
  fingerprintSha256: z.string(),
  /** OpenSSH or PEM text without passphrase. */
  privateKey: z.string(),
})
export type SshKey = z.infer<typeof SshKey>

/**
 * The one document that a runner receives with a claim, and the agent from the runner (execution.md 1.1). Secrets
 * travel only in here and are never written to the place's disk.
 */
export const JobSpec = z.object({
  taskId: z.uuid(),
  jobId: z.uuid(),
  jobName: z.string(),
  jobNumber: z.number().int(),
  workflowId: z.uuid(),
  workflowName: z.string(),
  workspaceId: z.uuid(),
  pipelineId: z.uuid(),
  projectId: z.uuid(),
  projectSlug: z.string(),
  nodeIndex: z.number().int().min(0),
  nodeTotal: z.number().int().min(1),
  executor: Executor,
  resourceClass: ResourceClass,
  /** Verbatim from the config; may start with `~` (execution.md 10.9). */
  workingDirectory: z.string(),
  /** Job-level shell line, or null for the platform default (execution.md 10.2). */
  shell: z.string().nullable(),
  environment: z.array(EnvironmentLayer),
  /** Values to mask in every step's output: project and context variables and Orrery's own tokens. */
  maskValues: z.array(z.string()),
  steps: z.array(Step),
  checkout: z.object({
    /** The address that people and `CIRCLE_REPOSITORY_URL` use. */
    url: z.string(),
    /** Path on the task gateway that serves the repository, e.g. `/git/local/acme/app.git`. */
    gatewayPath: z.string(),
    sha: z.string(),
    branch: z.string().optional(),
    tag: z.string().optional(),
    /**
     * Set for repositories that are fetched over SSH from `url` itself instead of the gateway: the checkout key (deploy
     * or user key), and lines for known_hosts beside those of the well-known services.
     */
    ssh: z
      .object({ privateKey: z.string(), publicKey: z.string().optional(), knownHosts: z.array(z.string()).default([]) })
      .optional(),
    /**
     * Set for repositories that are fetched over HTTPS from `url` itself: a short-lived token, which git gets by asking the
     * agent and in no other way.
     */
    https: z.object({ username: z.string().min(1), token: z.string().min(1) }).optional(),
  }),
  /** Which Docker layers the job may find and leaves behind (execution.md 6.3); absent = the project's, never purged. */
  layers: z
    .object({
      /** Layers of an older one were purged: nobody shall find them. */
      generation: z.number().int(),
      /** Within the project: its own is the empty text; a fork has its own, as with caches. */
      scope: z.string(),
    })
    .optional(),
  /** A cache that could not be uploaded fails its step (execution.md 11.1). */
  cacheUploadMustSucceed: z.boolean().optional(),
  /** Written to `~/.ssh` by an `add_ssh_keys` step only. */
  sshKeys: z.array(SshKey).default([]),
  /** What is known of earlier runs of the job's tests (execution.md 15.3, 15.6); absent = nothing. */
  tests: z
    .object({
      /** `GET /test-results` has some. The same for all nodes of the job. */
      earlierResults: z.boolean(),
      /** Only tests that failed in this workflow are to run. */
      rerunFailedOf: z.uuid().nullable(),
    })
    .optional(),
  /** Present when the job is run with SSH and somebody has a key for it (execution.md 19). */
  ssh: z
    .object({
      /** Lines `<type> <base64>`. */
      authorizedKeys: z.array(z.string()).min(1),
      /** How long the place stays at the end with nobody connected, and at most, seconds. */
      idleS: z.number().positive(),
      longestS: z.number().positive(),
    })
    .optional(),
  limits: z.object({
    maxRunTimeS: z.number().positive(),
    noOutputTimeoutS: z.number().positive(),
    cancelGraceS: z.number().min(0),
    logBytesPerStep: z.number().int().positive(),
    artifactBytes: z.number().int().positive(),
  }),
})
export type JobSpec = z.infer<typeof JobSpec>
