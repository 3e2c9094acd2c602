import { type ImageSpec, placePaths, type ResourceClass, shieldedVariables } from '@orrery/protocol'
import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import { agentLine } from './agent-line.ts'
import type { ReadyImage } from './images.ts'
import type { NetworkPlan } from './network.ts'
import type { PlaceFiles } from './place-files.ts'
import { type DockerSettings, labels } from './settings.ts'
import type { Starts } from './starts.ts'

/** Everything the options of one task's containers are made from. */
export interface ContainerPlan {
  runnerId: string
  /** `warm`: a place that is made before its task is known. */
  owner: { kind: 'task'; taskId: string } | { kind: 'warm'; placeId: string }
  resourceClass: ResourceClass
  images: readonly ImageSpec[]
  ready: readonly ReadyImage[]
  runtimeDirectory: string
  taskDirectory: string
  settings: DockerSettings
  starts: Starts
  network: NetworkPlan
  files: PlaceFiles
  /** Parent cgroup of the task, where there is one. */
  cgroupParent: string | undefined
  /** The engine has a small init to put before the agent. */
  hasInit: boolean
  /** Value of the security option. */
  seccomp: string
}

/**
 * What runs as main process of the primary container (spec: execution.md 4.2): the agent, unless the config sets an
 * entrypoint or command or the image asks to keep its own. Those may run for ever without looking at their arguments,
 * so then the agent is started beside them, and the place ends with either.
 */
export function primaryProcess(
  spec: ImageSpec,
  ready: ReadyImage,
): { agent: 'main' } | { agent: 'exec'; line: string[] } {
  const words = (list: readonly string[] | undefined): string[] => (list ?? []).filter((word) => word !== '')
  const keeps = ready.preservesEntrypoint && ready.entrypoint.length > 0
  const imageCommand = keeps ? ready.command : []
  const line =
    spec.entrypoint !== undefined
      ? [...words(spec.entrypoint), ...words(spec.command)]
      : spec.command !== undefined || keeps
        ? [...ready.entrypoint, ...words(spec.command ?? imageCommand)]
        : []
  return line.length === 0 ? { agent: 'main' } : { agent: 'exec', line }
}

/** Create options of the primary container, which joins the task's namespace as unnamed services do. */
export function primaryOptions(plan: ContainerPlan): ContainerCreateOptions {
  const image = plan.images[0]
  const ready = plan.ready[0]
  if (image === undefined || ready === undefined) throw new Error('a docker task has at least one image')
  const first = primaryProcess(image, ready)
  const { agent } = first
  const command = plan.owner.kind === 'warm' ? 'wait' : 'run'
  return {
    ...common(plan, 0, agent),
    Image: ready.reference,
    Entrypoint: first.agent === 'exec' ? first.line : agentLine(command, plan.starts.snapshot),
    Cmd: [],
    // The agent takes its variables from the job spec; an entrypoint of the user's own has only these.
    ...(agent === 'exec' ? { Env: variables(plan, image), OpenStdin: true } : { Env: shield(ready) }),
    ...(image.user === undefined ? {} : { User: image.user }),
    HostConfig: {
      ...hostConfig(plan),
      ...joined(plan),
      Init: plan.hasInit,
      LogConfig: { Type: 'none', Config: {} },
      // Its contents count against the job's memory (spec: execution.md 4.6).
      Tmpfs: { '/mnt/ramdisk': 'rw,exec,mode=1777' },
      Mounts: [
        bind(plan.runtimeDirectory, placePaths.runtime, true),
        bind(plan.taskDirectory, placePaths.task, false),
        ...fileMounts(plan.files),
        ...caMount(plan.settings),
      ],
    },
  }
}

/** Create options of the service container at `index` (spec: execution.md 4.3). */
export function serviceOptions(plan: ContainerPlan, index: number): ContainerCreateOptions {
  const image = plan.images[index]
  const ready = plan.ready[index]
  if (image === undefined || ready === undefined) throw new Error(`the task has no image ${index}`)
  const address = plan.network.addresses[index]
  return {
    ...common(plan, index, undefined),
    Image: ready.reference,
    ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
    ...(image.command === undefined ? {} : { Cmd: image.command }),
    ...(image.user === undefined ? {} : { User: image.user }),
    Env: variables(plan, image),
    ...(address === undefined ? {} : endpoint(plan, image, address)),
    HostConfig: {
      ...hostConfig(plan),
      ...(address === undefined ? joined(plan) : ownNamespace(plan)),
      // One file, large enough that a log cut at the server's limit reads the same a second time.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '512m', 'max-file': '1' } },
      Mounts: [...(address === undefined ? fileMounts(plan.files) : []), ...caMount(plan.settings)],
    },
  }
}

/**
 * Variables the installation hands to every container: proxies, and the CA bundle under the names that common tools
 * read. With a proxy, the job's own containers are excepted from it.
 */
export function installationVariables(settings: DockerSettings, images: readonly ImageSpec[]): Record<string, string> {
  const given = settings.environment ?? {}
  const result: Record<string, string> = {}
  if (settings.caBundle !== undefined) for (const name of caVariables) result[name] = caPath
  const hasProxy = Object.keys(given).some((name) => /^(https?|all)_proxy$/i.test(name))
  if (hasProxy) {
    const own = ['localhost', '127.0.0.1', ...images.flatMap((image) => image.name ?? [])]
    const before = given['NO_PROXY'] ?? given['no_proxy']
    const value = [...(before === undefined || before === '' ? [] : [before]), ...own].join(',')
    return { ...result, ...given, NO_PROXY: value, no_proxy: value }
  }
  return { ...result, ...given }
}

const caPath = '/orrery-ca.pem'
const caVariables = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
]

/** What sudo, package managers and daemons in ordinary images need; the engine's usual set without making devices. */
const capabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  // Debian's ping carries this as a file capability and would not even start without it.
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

function common(plan: ContainerPlan, index: number, agent: string | undefined): ContainerCreateOptions {
  return {
    Labels: {
      [labels.runner]: plan.runnerId,
      ...(plan.owner.kind === 'task' ? { [labels.task]: plan.owner.taskId } : { [labels.warm]: plan.owner.placeId }),
      [labels.namespace]: plan.network.namespace.id,
      [labels.index]: String(index),
      [labels.count]: String(plan.images.length),
      [labels.image]: plan.images[index]?.image ?? '',
      ...(agent === undefined ? {} : { [labels.agent]: agent }),
    },
  }
}

/** Limits of one container; the task's common limit is the parent cgroup's. No `no-new-privileges`: sudo must work. */
function hostConfig(plan: ContainerPlan): HostConfig {
  const { vcpus, memoryMb } = plan.resourceClass
  const memory = memoryMb * 1024 * 1024
  return {
    CapDrop: ['ALL'],
    CapAdd: capabilities,
    SecurityOpt: [`seccomp=${plan.seccomp}`],
    ...(plan.starts.runtime === undefined ? {} : { Runtime: plan.starts.runtime }),
    Memory: memory,
    MemorySwap: memory,
    // Not NanoCpus: the engine refuses more of those than the host has, and a class may be larger than the host.
    CpuPeriod: 100_000,
    CpuQuota: Math.round(vcpus * 100_000),
    PidsLimit: Math.max(4096, Math.round(vcpus * 2048)),
    ...(plan.cgroupParent === undefined ? {} : { CgroupParent: plan.cgroupParent }),
  }
}

function joined(plan: ContainerPlan): HostConfig {
  return { NetworkMode: `container:${plan.network.namespace.holderId}` }
}

function ownNamespace(plan: ContainerPlan): HostConfig {
  return {
    NetworkMode: plan.network.namespace.network,
    ExtraHosts: [...plan.network.hosts],
    // The engine's name server asks others for what it does not know; where nobody answers that must end soon.
    DnsOptions: ['timeout:2', 'attempts:2'],
  }
}

function endpoint(plan: ContainerPlan, { name }: ImageSpec, address: string): ContainerCreateOptions {
  return {
    NetworkingConfig: {
      EndpointsConfig: {
        [plan.network.namespace.network]: {
          IPAMConfig: { IPv4Address: address },
          Aliases: name === undefined ? [] : [name],
        },
      },
    },
  }
}

function variables(plan: ContainerPlan, image: ImageSpec): string[] {
  const all = { ...installationVariables(plan.settings, plan.images), ...image.environment }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

/** The image's variables that the agent cannot have; steps get them from `place.json`. */
export function shieldedOf(ready: ReadyImage | undefined): Record<string, string> {
  const names: readonly string[] = shieldedVariables
  return Object.fromEntries(Object.entries(ready?.environment ?? {}).filter(([name]) => names.includes(name)))
}

/** An empty text is what unsets a variable of the image. */
export function shield(ready: ReadyImage | undefined): string[] {
  return Object.keys(shieldedOf(ready)).map((name) => `${name}=`)
}

type Mount = NonNullable<HostConfig['Mounts']>[number]

function bind(source: string, target: string, readOnly: boolean): Mount {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly }
}

function fileMounts(files: PlaceFiles): Mount[] {
  return [
    bind(files.hosts, '/etc/hosts', false),
    bind(files.resolver, '/etc/resolv.conf', false),
    bind(files.hostname, '/etc/hostname', false),
  ]
}

function caMount(settings: DockerSettings): Mount[] {
  return settings.caBundle === undefined ? [] : [bind(settings.caBundle, caPath, true)]
}
