import type { ImageSpec } from '@orrery/protocol'
import { describe, expect, it } from 'vitest'
import { jobSpec } from '../../../test/kit.ts'
import { type ContainerPlan, primaryOptions, primaryProcess, serviceOptions, shieldedOf } from './containers.ts'
import type { ReadyImage } from './images.ts'
import { foundNamespace } from './namespace.ts'
import { hostsFile, planNetwork } from './network.ts'

const ready: ReadyImage = {
  reference: 'r',
  id: 'sha256:r',
  entrypoint: [],
  command: [],
  ports: [],
  preservesEntrypoint: false,
  environment: {},
}
const image: ImageSpec = { image: 'app', environment: {} }

describe('the main process of the primary container', () => {
  it.each<{ name: string; spec: Partial<ImageSpec>; ready: Partial<ReadyImage>; line: readonly string[] | undefined }>([
    {
      name: 'the agent, whatever the image starts',
      spec: {},
      ready: { entrypoint: ['false'], command: ['x'] },
      line: undefined,
    },
    {
      name: 'the image’s own when it asks for that',
      spec: {},
      ready: { entrypoint: ['/init'], command: ['-v'], preservesEntrypoint: true },
      line: ['/init', '-v'],
    },
    {
      name: 'the agent when there is nothing to preserve',
      spec: {},
      ready: { preservesEntrypoint: true },
      line: undefined,
    },
    {
      name: 'the configured entrypoint with the configured command, not with the image’s',
      spec: { entrypoint: ['sleep'] },
      ready: { entrypoint: ['/init'], command: ['-v'] },
      line: ['sleep'],
    },
    {
      name: 'a configured command after the image’s entrypoint',
      spec: { command: ['a'] },
      ready: { entrypoint: ['/e'] },
      line: ['/e', 'a'],
    },
    {
      name: 'the agent when the entrypoint is reset to nothing',
      spec: { entrypoint: [''] },
      ready: { entrypoint: ['/e'] },
      line: undefined,
    },
  ])('is $name', ({ spec, ready: has, line }) => {
    expect(primaryProcess({ ...image, ...spec }, { ...ready, ...has })).toEqual(
      line === undefined ? { agent: 'main' } : { agent: 'exec', line },
    )
  })
})

const namespace = foundNamespace('net', 'holder', '10.231.0.0/28')

function plan(images: readonly Partial<ImageSpec>[]): ContainerPlan {
  const list = images.map((one) => ({ ...image, ...one }))
  return {
    runnerId: 'runner',
    owner: { kind: 'task', taskId: 'task' },
    resourceClass: jobSpec(images, []).resourceClass,
    images: list,
    ready: list.map(() => ready),
    runtimeDirectory: '/runtime',
    taskDirectory: '/task',
    settings: { environment: { HTTP_PROXY: 'http://p', A: 'installation' } },
    starts: { runtime: undefined, snapshot: false },
    network: planNetwork({ servesNames: 'in the namespace' }, namespace, list),
    files: { hosts: '/private/hosts', resolver: '/private/resolv.conf', hostname: '/private/hostname' },
    cgroupParent: '/orrery-runner/task',
    hasInit: true,
    seccomp: '{}',
  }
}

describe('container options', () => {
  it('give the primary nothing but runtime, task directory and the files of its network', () => {
    const { HostConfig } = primaryOptions(plan([{}]))

    expect(HostConfig?.Mounts?.map(({ Source, Target, ReadOnly }) => [Source, Target, ReadOnly])).toEqual([
      ['/runtime', '/orrery', true],
      ['/task', '/orrery-task', false],
      ['/private/hosts', '/etc/hosts', false],
      ['/private/resolv.conf', '/etc/resolv.conf', false],
      ['/private/hostname', '/etc/hostname', false],
    ])
    expect(HostConfig).not.toHaveProperty('Privileged')
    expect(HostConfig?.CapDrop).toEqual(['ALL'])
    expect(HostConfig?.CapAdd).not.toContain('MKNOD')
  })

  it('start the agent without what the image tells its own Node and loader', () => {
    const given = plan([{}])
    const image = { ...ready, environment: { NODE_OPTIONS: '--require=/x', LD_PRELOAD: 'y', LANG: 'C' } }

    const { Env } = primaryOptions({ ...given, ready: [image] })

    expect(Env).toEqual(['NODE_OPTIONS=', 'LD_PRELOAD='])
    expect(shieldedOf(image)).toEqual({ NODE_OPTIONS: '--require=/x', LD_PRELOAD: 'y' })
  })

  it('hold every container to the class and put it under the task’s cgroup', () => {
    for (const options of [primaryOptions(plan([{}, {}])), serviceOptions(plan([{}, {}]), 1)]) {
      expect(options.HostConfig).toMatchObject({
        Memory: 512 * 1024 * 1024,
        MemorySwap: 512 * 1024 * 1024,
        CpuPeriod: 100_000,
        CpuQuota: 100_000,
        CgroupParent: '/orrery-runner/task',
      })
    }
  })

  it('let the primary and unnamed services join the namespace, with the same files about it', () => {
    const shared = plan([{ name: 'web' }, {}])

    for (const options of [primaryOptions(shared), serviceOptions(shared, 1)]) {
      expect(options.HostConfig?.NetworkMode).toBe('container:holder')
      expect(options.HostConfig?.Mounts?.map(({ Target }) => Target)).toContain('/etc/hosts')
    }
    expect(hostsFile(shared.network)).toContain('10.231.0.2\tweb\n')
  })

  it('give named services addresses that everybody knows, and unnamed ones the primary’s', () => {
    const named = plan([{ name: 'web' }, { name: 'db.internal' }, {}, { name: 'cache' }])
    const hosts = ['web:10.231.0.2', 'db.internal:10.231.0.3', 'cache:10.231.0.5']

    for (const line of ['10.231.0.2\tweb', '10.231.0.3\tdb.internal', '10.231.0.5\tcache']) {
      expect(hostsFile(named.network)).toContain(`${line}\n`)
    }
    const db = serviceOptions(named, 1)
    expect(db.HostConfig).toMatchObject({ NetworkMode: 'orrery-net', ExtraHosts: hosts })
    expect(db.HostConfig?.Mounts).toEqual([])
    expect(db.NetworkingConfig?.EndpointsConfig?.['orrery-net']).toEqual({
      IPAMConfig: { IPv4Address: '10.231.0.3' },
      Aliases: ['db.internal'],
    })
    expect(serviceOptions(named, 2).HostConfig?.NetworkMode).toBe('container:holder')
  })

  it('pass a service its own variables over the installation’s', () => {
    const service = plan([{}, { environment: { A: 'own', POSTGRES_USER: 'u' } }])

    expect(serviceOptions(service, 1).Env).toEqual([
      'HTTP_PROXY=http://p',
      'A=own',
      'NO_PROXY=localhost,127.0.0.1',
      'no_proxy=localhost,127.0.0.1',
      'POSTGRES_USER=u',
    ])
  })

  it('start the agent waiting, without a task’s name, in a place that is made ahead', () => {
    const warm: ContainerPlan = { ...plan([{ user: 'ci' }]), owner: { kind: 'warm', placeId: 'place' } }

    const { Entrypoint, Labels, Env, User } = primaryOptions(warm)

    expect([...(Entrypoint ?? [])].slice(-2)).toEqual(['wait', '/orrery-task'])
    expect(Labels).not.toHaveProperty('orrery.task')
    expect(Labels).toMatchObject({ 'orrery.warm': 'place', 'orrery.namespace': 'net' })
    expect({ Env, User }).toEqual({ Env: [], User: 'ci' })
  })
})
