import { readFile } from 'node:fs/promises'
import { OrreryError } from '@orrery/protocol'

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Variables for a local run: named ones of our environment (so that no value stands in a command line), and
 * `NAME=value` lines of a file. A value may be quoted; `#` begins a comment line.
 *
 * @throws OrreryError ORY_BAD_REQUEST naming the variable or the line.
 */
export async function readVariables(names: readonly string[], file: string | undefined): Promise<[string, string][]> {
  const fromFile = file ? parseFile(await readFile(file, 'utf8'), file) : []
  const fromEnvironment = names.map((name): [string, string] => {
    const value = process.env[name]
    if (value === undefined) throw new OrreryError('ORY_BAD_REQUEST', [`--env ${name}: no such variable is set here`])
    return [name, value]
  })
  return [...fromFile, ...fromEnvironment]
}

function parseFile(text: string, file: string): [string, string][] {
  const variables: [string, string][] = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const at = line.indexOf('=')
    const name = line.slice(0, Math.max(at, 0)).replace(/^export\s+/, '')
    if (!namePattern.test(name)) throw new OrreryError('ORY_BAD_REQUEST', [`${file}:${index + 1} is not NAME=value`])
    variables.push([name, unquote(line.slice(at + 1))])
  }
  return variables
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value)
  return quoted?.[2] ?? value
}
