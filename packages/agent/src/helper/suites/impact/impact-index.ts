import { readFile, stat } from 'node:fs/promises'
import { ImpactData, maxImpactBytes } from '@orrery/protocol'
import { warn } from '../../say.ts'
import type { TouchedFile } from './checkout.ts'

/** Impact data in memory (spec: execution.md 16.4): files by number, and the numbers of those that an atom used. */
export class ImpactIndex {
  readonly files: TouchedFile[] = []
  readonly edges = new Map<string, readonly number[]>()
  readonly globs = new Map<string, readonly number[]>()
  readonly #numbers = new Map<string, number>()

  /**
   * Puts a document over what is there: its word on an atom or a glob replaces the older one. What it says about files
   * that it does not name is no word: the atom is unknown then, and runs.
   */
  add(data: ImpactData): void {
    const own = new Map(Object.entries(data.files).map(([id, file]) => [id, this.number(file)]))
    for (const [list, target] of [
      [data.edges, this.edges],
      [data.globs ?? {}, this.globs],
    ] as const) {
      for (const [name, ids] of Object.entries(list)) {
        const numbers = ids.map((id) => own.get(String(id)))
        if (numbers.every((number) => number !== undefined)) target.set(name, numbers)
        else target.delete(name)
      }
    }
  }

  number({ path, hash }: TouchedFile): number {
    const key = `${hash}${path}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.files.length)
    return this.files.push({ path, hash }) - 1
  }

  setEdges(atom: string, files: readonly TouchedFile[]): void {
    this.edges.set(
      atom,
      files.map((file) => this.number(file)),
    )
  }

  setGlob(glob: string, files: readonly TouchedFile[]): void {
    this.globs.set(
      glob,
      files.map((file) => this.number(file)),
    )
  }

  filesOf(numbers: readonly number[]): TouchedFile[] {
    return numbers.flatMap((number) => this.files[number] ?? [])
  }

  /** With the globs only when there are any: most documents say nothing about them. */
  toData(): ImpactData {
    return {
      version: 1,
      files: Object.fromEntries(this.files.entries()),
      edges: Object.fromEntries([...this.edges].map(([atom, numbers]) => [atom, [...numbers]])),
      ...(this.globs.size > 0 && {
        globs: Object.fromEntries([...this.globs].map(([glob, numbers]) => [glob, [...numbers]])),
      }),
    }
  }
}

/** The documents, the oldest word first. One that cannot be understood is left out: its atoms are unknown, and run. */
export async function readImpact(paths: readonly string[]): Promise<ImpactIndex> {
  const index = new ImpactIndex()
  for (const path of paths) {
    const data = await readPart(path)
    if (data === undefined) warn('Warning: a part of the impact data cannot be read; its tests count as unknown')
    else index.add(data)
  }
  return index
}

async function readPart(path: string): Promise<ImpactData | undefined> {
  if ((await stat(path)).size > maxImpactBytes) return undefined
  try {
    return ImpactData.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch {
    return undefined
  }
}
