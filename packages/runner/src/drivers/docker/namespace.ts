import { addressIn } from './subnet.ts'

/**
 * A network of its own with one container in it that does nothing: what the containers of a task join. The bridge is
 * this task's alone, so no packet of another job can reach it; the engine's rules drop what comes from other bridges.
 */
export interface Namespace {
  id: string
  /** Name of the engine's network. */
  network: string
  subnet: string
  /** Container that holds the network namespace. */
  holderId: string
  /** Its process; undefined for a namespace that was found after a restart, which no other task gets. */
  holderPid?: number
  /** Address and host name of whoever joins the holder. */
  address: string
  hostname: string
}

/** The namespace `id` as it is found on the engine after a restart of the runner. */
export function foundNamespace(id: string, holderId: string, subnet: string): Namespace {
  return { id, network: networkName(id), subnet, holderId, address: addressIn(subnet, 0), hostname: id.slice(0, 12) }
}

export function networkName(id: string): string {
  return `orrery-${id}`
}
