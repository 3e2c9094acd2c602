import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const installed = fileURLToPath(new URL('../../node_modules', import.meta.url))
const largestFile = 2 * 1024 * 1024

/** Files and bytes of a tree. */
export interface TreeSize {
  files: number
  bytes: number
}

/**
 * Fills `target` with copies of this project's own `node_modules` until it holds `bytes`: real file sizes, real depth,
 * real text. Binaries are left out, and every copy begins each file with its own number, so that no two are equal.
 */
export function makeTree(target: string, bytes: number): TreeSize {
  const size: TreeSize = { files: 0, bytes: 0 }
  const sources = sourceFiles(installed)
  for (let copy = 0; size.bytes < bytes; copy += 1) {
    for (const source of sources) {
      if (size.bytes >= bytes) break
      const path = join(target, String(copy), source)
      const content = Buffer.concat([Buffer.from(`/* ${copy} */\n`), readFileSync(join(installed, source))])
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
      size.files += 1
      size.bytes += content.length
    }
  }
  return size
}

function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(node|so|exe|wasm)(\.|$)|^node$|^esbuild$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size < largestFile)
    .map((path) => path.slice(root.length + 1))
    .sort()
}
