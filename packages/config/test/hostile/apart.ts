import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('child.ts', import.meta.url))

/** What a process said about the one text that it compiled. */
export interface Answer {
  /** Code of the first error, or `ok`. */
  gives: string
  /** Diagnostics, and their characters as JSON. */
  count: number
  bytes: number
  /** Of the compile alone. */
  wallMs: number
  cpuMs: number
  /** Largest resident memory of the process. */
  rssMb: number
}

/** Compiles in a process of its own with 512 MB, so that what it takes is what this text takes. */
export async function compileApart(name: string): Promise<Answer | undefined> {
  const apart = spawn(process.execPath, ['--max-old-space-size=448', child], { stdio: ['pipe', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  apart.stdout.on('data', (chunk) => output.push(chunk))
  apart.stderr.on('data', (chunk) => errors.push(chunk))
  apart.stdin.end(name)
  await once(apart, 'close')
  if (output.length === 0) console.error(`${name}: ${Buffer.concat(errors)}`)
  return output.length === 0 ? undefined : (JSON.parse(Buffer.concat(output).toString()) as Answer)
}
