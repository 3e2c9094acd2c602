import { Readable } from 'node:stream'
import { placePaths } from '@orrery/protocol'
import type Docker from 'dockerode'
import type { ContainerCreateOptions } from 'dockerode'
import { engineStatus } from './client.ts'
import type { Engine } from './engine.ts'
import { labels } from './settings.ts'

/** An image with nothing in it; the one program comes with the runtime. */
export const emptyImage = 'orrery/nothing:latest'

/** Options of the container that keeps a network namespace: no rights, hardly any memory, a program that waits. */
export async function holderOptions(
  engine: Pick<Engine, 'docker' | 'runnerId' | 'runtimeDirectory'>,
  id: string,
  network: string,
  address: string,
): Promise<ContainerCreateOptions> {
  await ensureEmptyImage(engine.docker)
  const program = `${placePaths.runtime}/rt/hold`
  return {
    Image: emptyImage,
    Entrypoint: [program],
    Cmd: [],
    Hostname: id.slice(0, 12),
    Labels: { [labels.runner]: engine.runnerId, [labels.holder]: id },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
    HostConfig: {
      NetworkMode: network,
      CapDrop: ['ALL'],
      ReadonlyRootfs: true,
      Memory: 16 * 1024 * 1024,
      PidsLimit: 4,
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [{ Type: 'bind', Source: engine.runtimeDirectory, Target: placePaths.runtime, ReadOnly: true }],
    },
  }
}

/** Imports an archive without entries: 1024 zero bytes. Podman knows no other tag at an import than the usual one. */
export async function ensureEmptyImage(docker: Docker): Promise<void> {
  try {
    await docker.getImage(emptyImage).inspect()
  } catch (error) {
    if (engineStatus(error) !== 404) throw error
    const [repo, tag] = emptyImage.split(':')
    const answer = await docker.importImage(Readable.from([Buffer.alloc(1024)]), { repo, tag })
    for await (const _ of answer);
  }
}
