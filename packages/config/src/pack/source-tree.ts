/** A file of a tree: its text, or one sentence why it cannot be had (a link that leads out, too large, not text). */
export type TreeFile = { text: string } | { refused: string }

/**
 * A folder of sources as packing sees it. Paths are relative to the folder, with `/` between names; a path that is
 * listed but refused (a link out of the folder, for one) is still listed, so that packing can say so.
 */
export interface SourceTree {
  /** Shown before every path in diagnostics; without a trailing `/`, empty for the current folder. */
  readonly name: string
  /** Every file, in any order. */
  readonly paths: readonly string[]
  /** Undefined when there is no such file. Only files that packing needs are read. */
  read(path: string): TreeFile | undefined
}

/** A tree of texts in memory. */
export function treeOf(name: string, files: Readonly<Record<string, string | TreeFile>>): SourceTree {
  const all = new Map(Object.entries(files))
  return {
    name,
    paths: [...all.keys()],
    read: (path) => {
      const file = all.get(path)
      return typeof file === 'string' ? { text: file } : file
    },
  }
}
