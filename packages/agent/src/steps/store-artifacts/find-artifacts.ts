import { readdir, stat } from 'node:fs/promises'
import { basename, join, normalize } from 'node:path'
import { reasonOf } from '../../archive/index.ts'

export type FoundArtifact = {
  /** On disk, absolute. */
  file: string
  /** Name of the artifact (spec: execution.md 13). */
  path: string
  size: number
}

export type Found = { artifacts: FoundArtifact[]; notes: string[] }

/**
 * The files that `path` (absolute) stands for and their artifact names. A directory is searched to its depth; links to
 * files are followed, links to directories are not (they may run in circles), special files are left out.
 *
 * | | without destination | with destination |
 * |---|---|---|
 * | file | its path as `given`, without leading `/` | the destination; one that ends in `/` holds the file under its own name |
 * | directory | the same, then the relative path | destination, then the relative path |
 *
 * Undefined when `path` does not exist.
 *
 * @param given the path as the config has it, only `~` expanded: `out` stays `out`
 */
export async function findArtifacts(
  path: string,
  given: string,
  destination: string | undefined,
): Promise<Found | undefined> {
  const found: Found = { artifacts: [], notes: [] }
  const top = await stat(path).catch(() => undefined)
  if (top === undefined) return undefined
  const prefix = artifactPath(destination ?? given)
  if (top.isFile()) found.artifacts.push({ file: path, path: nameOfFile(path, given, destination), size: top.size })
  else if (top.isDirectory()) await search(path, prefix, found)
  else found.notes.push(`${path} is neither a file nor a directory`)
  found.artifacts.sort((a, b) => (a.path < b.path ? -1 : 1))
  return found
}

/** Two files of one step each may share such a folder; by its bare name the second would replace the first. */
function nameOfFile(path: string, given: string, destination = ''): string {
  const wanted = artifactPath(destination)
  if (wanted === '') return artifactPath(given)
  return destination.endsWith('/') ? `${wanted}/${basename(path)}` : wanted
}

async function search(top: string, prefix: string, found: Found): Promise<void> {
  const stack = [{ file: top, path: prefix }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const parent = next
    const children = await readdir(parent.file, { withFileTypes: true }).catch((error: unknown) => {
      found.notes.push(`${parent.file}: ${reasonOf(error)}`)
      return []
    })
    for (const child of children) {
      const file = join(parent.file, child.name)
      const path = parent.path === '' ? child.name : `${parent.path}/${child.name}`
      if (child.isDirectory()) stack.push({ file, path })
      else await addFile(file, path, child.isSymbolicLink(), found)
    }
  }
}

async function addFile(file: string, path: string, link: boolean, found: Found): Promise<void> {
  try {
    const target = await stat(file)
    if (target.isFile()) found.artifacts.push({ file, path, size: target.size })
    else found.notes.push(`${file} is ${link ? 'a link to something other than a file' : 'not a file'}; left out`)
  } catch (error) {
    found.notes.push(link ? `${file} is a link that leads nowhere; left out` : `${file}: ${reasonOf(error)}`)
  }
}

/** Without leading `/`, `.` and `..` parts, so that a name never climbs. */
function artifactPath(path: string): string {
  return normalize(`/${path}`).replace(/^\/+|\/+$/g, '')
}
