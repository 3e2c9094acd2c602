import type { ContainerCreateOptions } from 'dockerode'
import { installationVariables } from './containers.ts'
import type { ReadyImage } from './images.ts'
import type { Namespace } from './namespace.ts'
import { type DockerSettings, labels } from './settings.ts'
import { addressIn } from './subnet.ts'

export interface RemoteDockerPlan {
  runnerId: string
  taskId: string
  image: ReadyImage
  namespace: Namespace
  /** Position among the addresses of the task's network, after its images. */
  index: number
  /** Host directory that gets the socket. */
  directory: string
  /** Volume with layers of earlier jobs; absent = a fresh one that goes with the container. */
  volume: string | undefined
  cgroupParent: string | undefined
  settings: DockerSettings
}

const dataRoot = '/home/rootless/.local/share/docker'

/**
 * What earlier jobs may leave in a volume with layers: images, what builds cached, volumes of named builders (spec:
 * execution.md 6.3). All else goes before the engine looks: a container with a restart policy, a plugin or a service
 * would run again, in the name of the job before, when nobody but the runner talks to the engine.
 */
const clearLeftovers = `cd ${dataRoot}
for one in * .[!.]*; do case $one in image|overlay2|fuse-overlayfs|vfs|buildkit|volumes) ;; *) rm -rf "./$one" ;; esac; done
for one in volumes/*; do case $one in volumes/buildx_buildkit_*|volumes/metadata.db) ;; *) rm -rf "./$one" ;; esac; done
for one in image/*/layerdb/mounts/*; do
  [ -f "$one/mount-id" ] || continue
  id=$(head -c 64 "$one/mount-id")
  case $id in *[!0-9a-f]*|'') ;; *) rm -rf "./overlay2/$id" "./overlay2/$id-init" "./fuse-overlayfs/$id" "./vfs/dir/$id" ;; esac
  rm -rf "./$one"
done
cd /
exec "$@"`

/**
 * Options of the container with a rootless engine. It has no capability over the host: what the engine inside may do it
 * may do in a user namespace of its own. So it needs the calls for mounts and namespaces, which seccomp would refuse,
 * and an unmasked /proc, or the kernel refuses to mount one inside; both are harmless without capabilities.
 */
export function remoteDockerOptions(plan: RemoteDockerPlan): ContainerCreateOptions {
  const { namespace, settings } = plan
  return {
    Image: plan.image.reference,
    ...(plan.volume === undefined
      ? {}
      : {
          Entrypoint: ['/bin/sh', '-c', clearLeftovers, 'sh', ...plan.image.entrypoint, ...plan.image.command],
          Cmd: [],
        }),
    Labels: {
      [labels.runner]: plan.runnerId,
      [labels.task]: plan.taskId,
      [labels.engine]: '1',
      [labels.namespace]: namespace.id,
    },
    Env: Object.entries(installationVariables(settings, [])).map(([name, value]) => `${name}=${value}`),
    NetworkingConfig: {
      EndpointsConfig: {
        [namespace.network]: { IPAMConfig: { IPv4Address: addressIn(namespace.subnet, plan.index) } },
      },
    },
    HostConfig: {
      NetworkMode: namespace.network,
      Init: true,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETPCAP', 'SETUID'],
      SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
      MaskedPaths: [],
      ReadonlyPaths: [],
      Devices: [{ PathOnHost: '/dev/net/tun', PathInContainer: '/dev/net/tun', CgroupPermissions: 'rw' }],
      PidsLimit: 8192,
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [
        { Type: 'bind', Source: plan.directory, Target: '/orrery-engine' },
        { Type: 'volume', Source: plan.volume ?? '', Target: dataRoot },
      ],
      ...(settings.caBundle === undefined ? {} : { Binds: [`${settings.caBundle}:/orrery-ca.pem:ro`] }),
      ...(plan.cgroupParent === undefined ? {} : { CgroupParent: plan.cgroupParent }),
    },
  }
}
