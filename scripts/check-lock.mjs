// A registry that lacks one platform package of a release makes npm drop it from the lock without a word, and
// `npm ci` then refuses the lock. A lock must also name no registry host: whoever installs chooses the registry.
import { readFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const present = new Set(Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)))
const problems = []
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (!present.has(name)) problems.push(`${path || 'the root'} wants optional ${name}, which the lock lacks`)
  }
  if (/^https?:/.test(entry.resolved ?? '')) problems.push(`${path} names a registry host`)
}
for (const problem of problems) console.error(`package-lock.json: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)
