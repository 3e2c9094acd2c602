import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdtemp, readFile, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ImageSpec, JobSpec } from '@orrery/protocol'
import Docker from 'dockerode'
import { createRunner, prepareRuntime, type Runner, type RunnerSettings } from '../src/index.ts'
import { type FakeServer, startFakeServer } from './fake-server.ts'

/** Small images that the tests' engine must hold. */
export const busybox = 'orrery-test/busybox'
export const debian = 'orrery-test/debian'

export const docker = new Docker()

/** Numbers of a user and a group. */
export interface User {
  uid: number
  gid: number
}

export interface Kit {
  server: FakeServer
  directory: string
  /** A runner on the kit's data directory; `restart` in one line: stop one, make the next. */
  runner(settings?: Partial<RunnerSettings>): Promise<Runner>
  /** The same runner as a process of its own, to be killed. */
  process(settings?: Partial<RunnerSettings>, user?: User): ChildProcess
  /** Resolves when no container, network, cgroup or directory of the task is left; throws after ten seconds. */
  gone(taskId: string): Promise<void>
  close(): Promise<void>
}

export async function startKit(): Promise<Kit> {
  const directory = await mkdtemp(join(tmpdir(), 'ory-'))
  const server = await startFakeServer()
  const agentDir = join(import.meta.dirname, 'stand-in')
  // Shared by all files of a run: the Node binary is large, and the directory is named by its content.
  const runtimeDir = await prepareRuntime({ outDir: join(tmpdir(), 'orrery-test-runtime'), agentDir })
  const runners: Runner[] = []
  const processes: ChildProcess[] = []
  const { url: serverUrl, token } = server
  const common = { serverUrl, token, dataDir: join(directory, 'data'), runtimeDir, slots: 2, waitS: 1 }
  return {
    server,
    directory,
    async runner(settings = {}) {
      const runner = createRunner({ ...common, ...settings })
      runners.push(runner)
      await runner.start()
      return runner
    },
    process(settings = {}, user) {
      const script = join(import.meta.dirname, 'runner-process.ts')
      const words = [{ ...common, ...settings }, ...(user === undefined ? [] : [user])].map((one) =>
        JSON.stringify(one),
      )
      const child = spawn(process.execPath, [script, ...words], { stdio: 'ignore' })
      processes.push(child)
      return child
    },
    gone: (taskId) => eventually(async () => (await leftovers(directory, taskId)).length === 0),
    async close() {
      for (const child of processes) child.kill('SIGKILL')
      for (const runner of runners) await runner.stop()
      await server.close()
      const left = await removeAll(join(directory, 'data', 'runner.json'))
      await rm(directory, { recursive: true, force: true })
      if (left.length > 0) throw new Error(`a test left ${left.join(', ')}`)
    },
  }
}

async function leftovers(directory: string, taskId: string): Promise<string[]> {
  const filters = { label: [`orrery.task=${taskId}`] }
  const containers = await docker.listContainers({ all: true, filters })
  const networks = await docker.listNetworks({ filters })
  const paths = [join(directory, 'data', 'tasks', taskId), ...(await cgroupsOf(taskId))]
  return [...containers.map(({ Id }) => Id), ...networks.map(({ Id }) => Id), ...paths.filter((one) => existsSync(one))]
}

async function cgroupsOf(taskId: string): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(`/sys/fs/cgroup/*/orrery-*/${taskId}`)) found.push(path)
  return found
}

/** Removes what is labelled with the runner, and the runner's own cgroup; answers what should not have been there. */
async function removeAll(identity: string): Promise<string[]> {
  const { id } = JSON.parse(await readFile(identity, 'utf8'))
  const containers = await docker.listContainers({ all: true, filters: { label: [`orrery.runner=${id}`] } })
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true })
  for await (const path of glob(`/sys/fs/cgroup/*/orrery-${id}`)) await rmdir(path)
  return containers.map(({ Names }) => Names.join())
}

/** For what nobody announces: looks again until it holds. */
export async function eventually(check: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !(await check()); await delay(20)) {
    if (Date.now() > end) throw new Error(`not within ten seconds: ${check}`)
  }
}

/** A job spec with the given images (names or whole entries) and shell commands as its steps. */
export function jobSpec(images: readonly (string | Partial<ImageSpec>)[], commands: readonly string[]): JobSpec {
  const entries = images.map((one) => ({
    image: busybox,
    environment: {},
    ...(typeof one === 'string' ? { image: one } : one),
  }))
  const id = randomUUID
  return {
    taskId: id(),
    jobId: id(),
    jobName: 'build',
    jobNumber: 1,
    workflowId: id(),
    workflowName: 'main',
    workspaceId: id(),
    pipelineId: id(),
    projectId: id(),
    projectSlug: 'local/acme/app',
    nodeIndex: 0,
    nodeTotal: 1,
    executor: { type: 'docker', images: entries },
    resourceClass: { name: 'small', vcpus: 1, memoryMb: 512, arch: 'amd64' },
    workingDirectory: '~/project',
    shell: null,
    environment: [],
    maskValues: [],
    sshKeys: [],
    steps: commands.map((command) => ({
      kind: 'run',
      name: command,
      command,
      origin: [],
      environment: {},
      background: false,
    })),
    checkout: { url: 'http://ci/acme/app.git', gatewayPath: '/git/local/acme/app.git', sha: '0'.repeat(40) },
    limits: {
      maxRunTimeS: 3600,
      noOutputTimeoutS: 600,
      cancelGraceS: 10,
      logBytesPerStep: 1_000_000,
      artifactBytes: 1_000_000,
    },
  }
}
