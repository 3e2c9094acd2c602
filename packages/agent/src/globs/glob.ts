import { lstat, readdir, stat } from 'node:fs/promises'
import { compilePattern, matches, type Pattern } from './match.ts'

export type GlobResult = { ok: true; names: string[] } | { ok: false; error: string }

/**
 * The names below `root` that a pattern matches, sorted; a pattern without wildcards matches itself when it exists.
 * Names are relative to root, `/`-separated, without `.` parts. A directory that cannot be read holds no match. Links
 * are followed on the way, not at the end (spec: execution.md 12.2).
 *
 * The pattern may not leave root: absolute patterns and `..` are errors.
 */
export async function glob(root: string, pattern: string): Promise<GlobResult> {
  if (pattern.startsWith('/')) return { ok: false, error: `${pattern} is absolute; paths are relative to the root` }
  const parts: Pattern[] = []
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') return { ok: false, error: `${pattern} leaves the root` }
    const compiled = compilePattern(part)
    if (compiled === undefined) return { ok: false, error: `${pattern} is not a well-formed pattern` }
    if (!compiled.hasMeta && (compiled.literal === '..' || compiled.literal === '.')) {
      return { ok: false, error: `${pattern} leaves the root` }
    }
    parts.push(compiled)
  }
  let names = ['']
  for (const [index, part] of parts.entries()) {
    const next: string[] = []
    for (const name of names) next.push(...(await step(root, name, part, index === parts.length - 1)))
    names = next
  }
  return { ok: true, names }
}

async function step(root: string, parent: string, part: Pattern, last: boolean): Promise<string[]> {
  const prefix = parent === '' ? '' : `${parent}/`
  if (!part.hasMeta) {
    const name = prefix + part.literal
    return (await exists(`${root}/${name}`, last)) ? [name] : []
  }
  const children = await list(`${root}/${parent}`)
  return children.filter((child) => matches(part, child)).map((child) => prefix + child)
}

async function exists(path: string, last: boolean): Promise<boolean> {
  try {
    return last ? Boolean(await lstat(path)) : (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

async function list(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort()
  } catch {
    return []
  }
}
