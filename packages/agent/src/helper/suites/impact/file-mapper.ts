import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { runCommand } from '../../run-command.ts'
import { warn } from '../../say.ts'
import { scratchFolder } from '../../scratch.ts'
import { fillCommand, usesPlaceholder } from '../commands.ts'
import type { Checkout } from './checkout.ts'

/**
 * The test files of each atom, by their paths in the checkout: what the `file-mapper` says, else the atom itself where it
 * is a file. Coverage often leaves tests out, and a changed test has to run. Throws with a reason for people.
 */
export async function testFiles(
  mapper: string | undefined,
  atoms: readonly string[],
  checkout: Checkout,
): Promise<Map<string, string[]>> {
  const mapped = mapper === undefined ? new Map<string, string[]>() : await runMapper(mapper, atoms)
  const found = new Map<string, string[]>()
  const without: string[] = []
  for (const atom of atoms) {
    const names = mapped.get(atom) ?? [atom]
    const paths = (await Promise.all(names.map((name) => checkout.pathOf(name)))).filter((path) => path !== undefined)
    found.set(atom, paths)
    if (paths.length === 0) without.push(atom)
  }
  const [first] = without
  if (first !== undefined) {
    const help = mapper === undefined ? 'a file-mapper would tell' : 'the file-mapper does not tell'
    const count = `${without.length} of ${atoms.length} test atoms, for example ${JSON.stringify(first)}`
    warn(`Warning: no test file is known of ${count}: ${help}. A change of these tests may go unseen`)
  }
  return found
}

async function runMapper(mapper: string, atoms: readonly string[]): Promise<Map<string, string[]>> {
  const folder = await scratchFolder('mapper-')
  try {
    const path = join(folder, 'files')
    const isGo = usesPlaceholder(mapper, 'outputs.go-list-json')
    const { line, input } = fillCommand(mapper, atoms, {
      'outputs.go-list-json': path,
      'outputs.circleci-list': path,
    })
    const { exitCode } = await runCommand(line, { input })
    if (exitCode !== 0) throw new Error(`file-mapper ended with exit code ${exitCode}`)
    const text = await readFile(path, 'utf8').catch(() => '')
    return isGo ? filesInGoList(text, atoms) : filesInList(text)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Records: a line `TA:<atom>`, then its files, one on a line. */
export function filesInList(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let files: string[] | undefined
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('TA:')) {
      const atom = line.slice(3).trim()
      files = found.get(atom) ?? []
      found.set(atom, files)
    } else if (line.trim() !== '') files?.push(line.trim())
  }
  return found
}

/** Only what is used; null stands for an empty list there. */
const GoPackage = z.object({
  Dir: z.string(),
  ImportPath: z.string(),
  TestGoFiles: z.array(z.string()).nullish(),
  XTestGoFiles: z.array(z.string()).nullish(),
})

/** The documents of `go list -json`, one behind the other. An atom is an import path, or a directory. */
export function filesInGoList(text: string, atoms: readonly string[]): Map<string, string[]> {
  const byName = new Map<string, string[]>()
  for (const document of documentsIn(text)) {
    const parsed = GoPackage.safeParse(document).data
    if (parsed === undefined) throw new Error('file-mapper wrote something else than packages of `go list -json`')
    const files = [...(parsed.TestGoFiles ?? []), ...(parsed.XTestGoFiles ?? [])].map((one) => join(parsed.Dir, one))
    byName.set(parsed.ImportPath, files)
    byName.set(resolve(parsed.Dir), files)
  }
  const found = new Map<string, string[]>()
  for (const atom of atoms) {
    const files = byName.get(atom) ?? byName.get(resolve(atom))
    if (files !== undefined) found.set(atom, files)
  }
  return found
}

/** `go list` closes each document with a brace of its own line. */
function documentsIn(text: string): unknown[] {
  const parts = text.split(/(?<=^\})\s*$/m).filter((part) => part.trim() !== '')
  return parts.map((part) => {
    try {
      return JSON.parse(part) as unknown
    } catch {
      return undefined
    }
  })
}
