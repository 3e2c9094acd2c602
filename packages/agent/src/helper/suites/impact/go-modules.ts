import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Checkout } from './checkout.ts'

/** A Go module: what its import paths begin with, and the directory that they stand for. */
export interface GoModule {
  name: string
  directory: string
}

/** The module of the current directory and those that a `go.work` beside or above it uses. */
export async function goModules(checkout: Checkout): Promise<GoModule[]> {
  const directories = new Set<string>()
  for (let at = resolve('.'); ; at = dirname(at)) {
    directories.add(at)
    const work = await readFile(join(at, 'go.work'), 'utf8').catch(() => '')
    for (const used of usedIn(work)) directories.add(resolve(at, used))
    if (at === checkout.root || dirname(at) === at) break
  }
  const modules: GoModule[] = []
  for (const directory of directories) {
    const text = await readFile(join(directory, 'go.mod'), 'utf8').catch(() => '')
    const name = /^module[ \t]+"?([^\s"]+)"?/m.exec(text)?.[1]
    if (name !== undefined) modules.push({ name, directory })
  }
  return modules.toSorted((a, b) => b.name.length - a.name.length)
}

/** Where a file that is called by its import path lies; the name itself when no module has it. */
export function pathInModule(name: string, modules: readonly GoModule[]): string {
  const found = modules.find((module) => name.startsWith(`${module.name}/`))
  return found === undefined ? name : join(found.directory, name.slice(found.name.length + 1))
}

/** `use ./a` and `use ( ./a ./b )`. */
function usedIn(work: string): string[] {
  const plain = work.replaceAll(/\/\/.*$/gm, '')
  const blocks = [...plain.matchAll(/^use\s*\(([^)]*)\)/gm)].flatMap(([, list = '']) => list.split(/\s+/))
  const lines = [...plain.matchAll(/^use[ \t]+([^\s(]+)/gm)].map(([, one = '']) => one)
  return [...blocks, ...lines].filter((one) => one !== '')
}
