import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { type ImageSpec, OrreryError } from '@orrery/protocol'
import type Docker from 'dockerode'
import type { Engine } from './engine.ts'
import type { Namespace } from './namespace.ts'
import { addressIn, chooseSubnet, gatewayOf } from './subnet.ts'

/**
 * How the containers of one task reach each other (spec: execution.md 4.4). The primary and all unnamed services join
 * one namespace: one localhost for all of them. Named services have addresses of their own on its network.
 */
export interface NetworkPlan {
  namespace: Namespace
  /** Address of each named service, in the order of the images. */
  addresses: readonly (string | undefined)[]
  /** `name:address` for everybody with a name. */
  hosts: readonly string[]
  /** Where whoever joins the namespace asks for all other names. */
  nameServer: string
}

/** Names end up in /etc/hosts and in the engine's `name:address` pairs; nothing else may be smuggled in. */
const hostname = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/

/** Throws ORY_BAD_REQUEST for a name that cannot be a host name. */
export function checkNames(images: readonly ImageSpec[]): void {
  for (const { name } of images) {
    if (name !== undefined && !hostname.test(name)) {
      throw new OrreryError('ORY_BAD_REQUEST', [`container name ${JSON.stringify(name)} cannot be a host name`])
    }
  }
}

/** Docker's own name server, which is in every namespace. */
export const inNamespace = '127.0.0.11'

/** Addresses and names of a task's containers, known before the first of them is created. */
export function planNetwork(
  { servesNames }: Pick<Engine, 'servesNames'>,
  namespace: Namespace,
  images: readonly ImageSpec[],
): NetworkPlan {
  const addresses = images.map((image, index) =>
    index > 0 && image.name !== undefined ? addressIn(namespace.subnet, index) : undefined,
  )
  const hosts = images.flatMap(({ name }, index) =>
    name === undefined ? [] : [`${name}:${index === 0 ? namespace.address : addresses[index]}`],
  )
  const nameServer = servesNames === 'in the namespace' ? inNamespace : gatewayOf(namespace.subnet)
  return { namespace, addresses, hosts, nameServer }
}

/** The /etc/hosts of whoever joins the namespace. */
export function hostsFile({ namespace, hosts }: NetworkPlan): string {
  const named = hosts.map((one) => {
    const colon = one.indexOf(':')
    return `${one.slice(colon + 1)}\t${one.slice(0, colon)}\n`
  })
  return [
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    `${namespace.address}\t${namespace.hostname}\n`,
    ...named,
  ].join('')
}

/**
 * The /etc/resolv.conf of whoever joins a namespace: the engine's own name server, which knows the network's names and
 * asks the host's servers for the others, with the host's search domains. Where nobody can be asked a name must not
 * cost ten seconds.
 */
export async function resolverFile({ nameServer }: Pick<NetworkPlan, 'nameServer'>): Promise<string> {
  const host = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  const search = /^(?:search|domain)[ \t].+$/m.exec(host)?.[0]
  return `nameserver ${nameServer}\n${search === undefined ? '' : `${search}\n`}options ndots:0 timeout:2 attempts:2\n`
}

/** Answers subnets of the pool that nobody uses, another one at each call. Throws when there is none left. */
export async function freeSubnets(docker: Docker, pool: string, hosts: number, seed: string): Promise<() => string> {
  const networks = await docker.listNetworks()
  const engines = networks.flatMap((network) => network.IPAM?.Config ?? []).flatMap((config) => config.Subnet ?? [])
  const taken = [...engines, ...hostAddresses()]
  return () => {
    const subnet = chooseSubnet(pool, taken, hosts, seed)
    if (subnet === undefined) throw new Error(`no free subnet is left in ${pool}`)
    taken.push(subnet)
    return subnet
  }
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).flatMap((one) => one.cidr ?? []))
}
