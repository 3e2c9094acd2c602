import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { eventually } from './kit.ts'

export const podmanProgram = '/usr/bin/podman'

export interface Podman {
  /** As `DOCKER_HOST`. */
  host: string
  client: Docker
  /** Ends the helpers that Podman leaves behind for five minutes. */
  endHelpers(): void
  close(): Promise<void>
}

/** Limits that every machine lets a container have; the usual ones are refused on small ones. */
const settings = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`

/** A Podman of its own behind Docker's API, with the given images of the tests' engine. */
export async function startPodman(images: readonly string[]): Promise<Podman> {
  // Short: sockets lie below.
  const directory = await mkdtemp(join(tmpdir(), 'opm-'))
  await writeFile(join(directory, 'containers.conf'), settings)
  const env = { ...process.env, CONTAINERS_CONF: join(directory, 'containers.conf') }
  const socketPath = join(directory, 's')
  // With cgroups of two versions side by side the other runtime, crun, refuses to work.
  const folders = ['root', 'runroot', 'network-config-dir'].flatMap((name) => [`--${name}`, join(directory, name)])
  const own = [...folders, '--runtime', 'runc']
  const service = spawn(podmanProgram, [...own, 'system', 'service', '--time=0', `unix://${socketPath}`], {
    env,
    stdio: 'ignore',
  })
  const client = new Docker({ socketPath })
  await eventually(
    () =>
      existsSync(socketPath) &&
      client.ping().then(
        () => true,
        () => false,
      ),
  )
  const archive = execFileSync('docker', ['save', ...images], { maxBuffer: 1 << 29 })
  execFileSync(podmanProgram, [...own, 'load', '-q'], { env, input: archive, stdio: ['pipe', 'ignore', 'pipe'] })
  return {
    host: `unix://${socketPath}`,
    client,
    endHelpers() {
      // Its pattern must not find itself; no helper is no mistake.
      spawnSync('pkill', ['-KILL', '-f', `^/usr/bin/conmon .*${directory}`])
    },
    async close() {
      const ended = once(service, 'exit')
      service.kill('SIGTERM')
      await ended
      execFileSync(podmanProgram, [...own, 'system', 'reset', '--force'], { env, stdio: 'pipe' })
      await rm(directory, { recursive: true, force: true })
    },
  }
}
