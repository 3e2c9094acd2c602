import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hostsFile, type NetworkPlan, resolverFile } from './network.ts'

/**
 * Files of a place that are mounted one by one, in a directory that no job sees. Namespaces are used again, so their
 * holders' copies of these files must never be in a job's hands: a line in /etc/hosts would wait there for the next job.
 */
export interface PlaceFiles {
  hosts: string
  resolver: string
  hostname: string
}

/** Where they are, in the directory of a place. */
export function placeFiles(directory: string): PlaceFiles {
  return {
    hosts: join(directory, 'hosts'),
    resolver: join(directory, 'resolv.conf'),
    hostname: join(directory, 'hostname'),
  }
}

/** Writes them; calling it again changes the files that are mounted already. */
export async function writePlaceFiles(directory: string, network: NetworkPlan): Promise<PlaceFiles> {
  const files = placeFiles(directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const write = (path: string, text: string) => writeFile(path, text, { mode: 0o644 })
  await Promise.all([
    write(files.hosts, hostsFile(network)),
    write(files.resolver, await resolverFile(network)),
    write(files.hostname, `${network.namespace.hostname}\n`),
  ])
  return files
}
