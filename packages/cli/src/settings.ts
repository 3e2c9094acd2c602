import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { OrbSources } from '@orrery/config'
import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'

const OrbSettings = z
  .object({
    /** Folder of orb sources and packed orbs. */
    directory: z.string().optional(),
    /** Addresses under which URL orbs may lie (config-language.md 19.3). */
    urlPrefixes: z
      .array(z.string().regex(/^https:\/\/[^/]+\/(?:.*\/)?$/, 'must be https://… and end with /'))
      .max(5)
      .default([]),
  })
  .strict()

/**
 * `settings.json` in the data directory (for `orrery run`: `~/.config/orrery/settings.json`, or `--settings FILE`).
 * All of it is optional.
 */
export const Settings = z
  .object({
    /** Container engine, e.g. `unix:///var/run/docker.sock`; default `DOCKER_HOST`, then the usual sockets. */
    dockerHost: z.string().optional(),
    /** Which image stands for which: first match wins, `*` matches anything. For machines without a registry. */
    imageMap: z.array(z.object({ match: z.string(), image: z.string() })).default([]),
    /** PEM file with the roots that jobs shall trust, mounted read only into every container. */
    caBundle: z.string().optional(),
    /** Variables for every job, below all others: proxies, for one. */
    environment: z.record(z.string(), z.string()).default({}),
    /** Where orbs come from; without it, none but inline ones can be used. */
    orbs: OrbSettings.optional(),
    /** Tasks that run at the same time; default: the number of processors. */
    slots: z.number().int().min(1).optional(),
    /** Containers that are started ahead and wait for a job; 0 = none. Default: as many as `slots`, at most 4. */
    pool: z.number().int().min(0).max(64).optional(),
    /** IPv4 range that the networks of jobs are made from, e.g. `10.231.0.0/16`. */
    networkPool: z.cidrv4().optional(),
    /** May jobs reach services of the machine that they run on? Default `blocked`, except its name server. */
    hostServices: z.enum(['blocked', 'reachable']).optional(),
    /** May jobs have a Docker engine of their own (`setup_remote_docker`)? Default `rootless`. */
    remoteDocker: z.enum(['rootless', 'forbidden']).optional(),
    /** Docker layer caching: unused layers are dropped after so many days, or while the disk has less room, bytes. */
    layers: z
      .object({ idleDays: z.number().positive(), freeBytes: z.number().int().min(0) })
      .partial()
      .strict()
      .optional(),
    /** Where AWS gives logins for `aws_auth`: FIPS or private endpoints. Default: as the registry's name says. */
    ecr: z
      .object({
        endpoint: z.url({ protocol: /^https?$/ }),
        region: z.string().min(1),
        /** Where roles are taken (`oidc_role_arn`). */
        sts: z.url({ protocol: /^https?$/ }).optional(),
      })
      .strict()
      .optional(),
    /** Where Google gives logins for `gcp_auth`: private endpoints. Default: its public addresses. */
    gar: z
      .object({ sts: z.url({ protocol: /^https?$/ }), iamCredentials: z.url({ protocol: /^https?$/ }) })
      .strict()
      .optional(),
    /** The engine's runtime for the containers of jobs, or `default`: its own. Absent: `crun` where the engine has it. */
    runtime: z.string().optional(),
    /** Of the server: how many days caches, workspaces and artifacts are kept; artifacts with null for ever. */
    keepDays: z
      .object({
        caches: z.number().positive(),
        workspaces: z.number().positive(),
        artifacts: z.number().positive().nullable(),
      })
      .partial()
      .strict()
      .default({}),
    /** Server: `failOnUploadError` makes a cache that could not be uploaded fail its step; else it is a warning. */
    cache: z.object({ failOnUploadError: z.boolean() }).partial().strict().default({}),
    /** Runner: most bytes of archives of caches and workspaces that are kept for its next jobs; 0 = none. */
    cacheBytes: z.number().int().min(0).optional(),
    /** Of the server: most bytes of one artifact. */
    artifactBytes: z.number().int().positive().optional(),
    /** Server: seconds a runner may be cut off before its tasks count as lost. */
    leaseS: z.number().min(1).optional(),
    /**
     * SSH into jobs. Runner: the name that people reach it by (default: the host's name), the address to listen on and
     * the ports to use. Server: how long a job stays open at its end, seconds, and whether people may have it: nobody, or
     * nobody in the named projects (`local/org/name`).
     */
    ssh: z
      .object({
        host: z.string(),
        listen: z.string(),
        ports: z.tuple([z.number().int().min(1), z.number().int().max(65535)]),
        idleS: z.number().positive(),
        longestS: z.number().positive(),
        reruns: z.enum(['allowed', 'forbidden']),
        forbiddenProjects: z.array(z.string()),
      })
      .partial()
      .strict()
      .default({}),
    /** Server: what a job gets when its config says nothing else (spec: execution.md 20). */
    limits: z
      .object({
        maxRunTimeS: z.number().positive(),
        noOutputTimeoutS: z.number().positive(),
        cancelGraceS: z.number().min(0),
        logBytesPerStep: z.number().int().min(4096),
      })
      .partial()
      .strict()
      .default({}),
  })
  .strict()
export type Settings = z.infer<typeof Settings>

/**
 * Reads a settings file. One that a person named must be there; without, a missing `usual` one is the defaults.
 * Throws ORY_FILE when it cannot be read, ORY_BAD_REQUEST with the field when it is broken.
 */
export async function readSettings(named: string | undefined, usual: string): Promise<Settings> {
  const path = named ?? usual
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && named === undefined) return Settings.parse({})
    const reasons: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a folder' }
    throw new OrreryError('ORY_FILE', [path, reasons[code ?? ''] ?? message])
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new OrreryError('ORY_BAD_REQUEST', [`${path} is not JSON: ${(error as Error).message}`])
  }
  const parsed = Settings.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new OrreryError('ORY_BAD_REQUEST', [`${path}: ${issue?.path.join('.') || 'settings'}: ${issue?.message}`])
}

/** The installation's orbs: a folder given on the command line stands in for that of the settings. */
export function orbSources({ orbs }: Settings, directory: string | undefined): OrbSources {
  const chosen = directory ?? orbs?.directory
  if (chosen !== undefined && !(statSync(chosen, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
    throw new OrreryError('ORY_FILE', [chosen, 'there is no such folder of orbs'])
  }
  return { ...(chosen !== undefined && { directory: chosen }), urlPrefixes: orbs?.urlPrefixes ?? [] }
}

/** Settings of `orrery run`, which has no data directory that people know. */
export function userSettingsPath(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['ORRERY_SETTINGS']) return environment['ORRERY_SETTINGS']
  if (process.getuid?.() === 0) return '/etc/orrery/settings.json'
  return join(environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'orrery', 'settings.json')
}
