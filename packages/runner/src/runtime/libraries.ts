import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Libraries {
  /** Path of the dynamic loader. */
  loader: string
  /** Shared object name → path. */
  files: Map<string, string>
}

/** Name lookups load these at run time from glibc before 2.34, so `ldd` does not show them. */
const lookupLibraries = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']

/** Everything that `binaries` need from the host to start, by `ldd`. Throws when one is not a dynamic glibc program. */
export async function findLibraries(binaries: readonly string[]): Promise<Libraries> {
  const outputs = await Promise.all(binaries.map(async (binary) => (await run('ldd', [binary])).stdout))
  const parsed = outputs.map(parseLdd)
  const files = new Map(parsed.flatMap((one) => [...one.files]))
  const loader = parsed.find((one) => one.loader !== undefined)?.loader
  const libc = files.get('libc.so.6')
  if (loader === undefined || libc === undefined) throw new Error('the Node binary does not use glibc')
  for (const name of lookupLibraries) {
    const path = join(dirname(libc), name)
    if (!files.has(name) && existsSync(path)) files.set(name, path)
  }
  return { loader, files }
}

/** Lines: `name => /path (0x…)`, `/lib64/ld-linux-x86-64.so.2 (0x…)` (the loader), `linux-vdso.so.1 (0x…)`. */
export function parseLdd(output: string): { loader: string | undefined; files: Map<string, string> } {
  const files = new Map<string, string>()
  let loader: string | undefined
  for (const line of output.split('\n')) {
    const named = /^\s*(?<name>\S+) => (?<path>\/\S+) \(/.exec(line)?.groups
    const plain = /^\s*(?<path>\/\S+) \(/.exec(line)?.groups
    const missing = /^\s*(?<name>\S+) => not found/.exec(line)?.groups
    if (missing !== undefined) throw new Error(`the library ${missing['name']} is not installed`)
    const path = named?.['path'] ?? plain?.['path']
    if (path === undefined) continue
    if (basename(path).startsWith('ld-')) loader = path
    else files.set(named?.['name'] ?? basename(path), path)
  }
  return { loader, files }
}
