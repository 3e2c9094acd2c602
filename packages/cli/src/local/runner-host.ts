import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { buildAgent } from '@orrery/agent'
import { createRunner, prepareRuntime, type Runner, type RunnerLog } from '@orrery/runner'
import type { Settings } from '../settings.ts'

export interface RunnerOptions {
  serverUrl: string
  token: string
  dataDir: string
  settings: Settings
  /** Containers that wait for a job; default: what the settings say, else as many as `slots`, at most 4. */
  pool?: number
  name?: string
  log?: RunnerLog
}

/**
 * Puts the runtime together (bundle of the agent, Node with its loader) and makes a runner that is not started yet.
 *
 * @throws OrreryError ORY_RUNTIME.
 */
export async function prepareRunner(options: RunnerOptions): Promise<Runner> {
  const agentDir = join(options.dataDir, 'agent')
  await mkdir(agentDir, { recursive: true })
  await buildAgent(agentDir)
  const runtimeDir = await prepareRuntime({ outDir: join(options.dataDir, 'runtime'), agentDir })
  const { settings } = options
  const caBundle = settings.caBundle ?? bundleOfThisMachine(process.env)
  const slots = settings.slots ?? availableParallelism()
  return createRunner({
    serverUrl: options.serverUrl,
    token: options.token,
    dataDir: options.dataDir,
    runtimeDir,
    ...(options.name ? { name: options.name } : {}),
    ...(options.log ? { log: options.log } : {}),
    slots,
    ...(settings.cacheBytes === undefined ? {} : { cacheBytes: settings.cacheBytes }),
    ssh: settings.ssh,
    docker: {
      ...(settings.dockerHost ? { host: settings.dockerHost } : {}),
      imageMap: settings.imageMap,
      ...(caBundle ? { caBundle } : {}),
      environment: settings.environment,
      pool: options.pool ?? settings.pool ?? Math.min(slots, 4),
      ...(settings.networkPool ? { networkPool: settings.networkPool } : {}),
      ...(settings.hostServices ? { hostServices: settings.hostServices } : {}),
      ...(settings.remoteDocker ? { remoteDocker: settings.remoteDocker } : {}),
      ...(settings.layers ? { layers: settings.layers } : {}),
      ...(settings.ecr ? { ecr: settings.ecr } : {}),
      ...(settings.gar ? { gar: settings.gar } : {}),
      ...(settings.runtime ? { runtime: settings.runtime } : {}),
    },
  })
}

/**
 * Who names a bundle of roots in the environment stands behind a proxy that inspects TLS, and so do the jobs. An empty
 * `caBundle` in the settings keeps it from them.
 */
export function bundleOfThisMachine(environment: NodeJS.ProcessEnv): string | undefined {
  return [environment['NODE_EXTRA_CA_CERTS'], environment['SSL_CERT_FILE']].find((path) => path && existsSync(path))
}
