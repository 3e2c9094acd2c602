import { OrreryError } from '@orrery/protocol/errors'
import type { Command } from './flags.ts'

/** Each command is loaded when it is called: a script may call the helper a thousand times. */
const commands = new Map<string, () => Promise<Command>>([
  ['step halt', async () => (await import('./commands/halt.ts')).stepHalt],
  ['task halt', async () => (await import('./commands/halt.ts')).taskHalt],
  ['env subst', async () => (await import('./commands/env-subst.ts')).envSubst],
  ['tests glob', async () => (await import('./commands/tests-glob.ts')).testsGlob],
  ['tests split', async () => (await import('./commands/tests-split.ts')).testsSplit],
  ['tests run', async () => (await import('./commands/tests-run.ts')).testsRun],
  ['testsuite run', async () => (await import('./commands/testsuite-run.ts')).testsuiteRun],
  ['testsuite doctor', async () => (await import('./commands/testsuite-doctor.ts')).testsuiteDoctor],
  ['run oidc get', async () => (await import('./commands/oidc-get.ts')).oidcGet],
  ['run release plan', async () => (await import('./commands/not-yet.ts')).releasePlan],
  ['run release update', async () => (await import('./commands/not-yet.ts')).releaseUpdate],
  ['run release log', async () => (await import('./commands/not-yet.ts')).releaseLog],
  ['git-credential', async () => (await import('./commands/git-credential.ts')).gitCredential],
  ['version', async () => (await import('./commands/version.ts')).version],
])

export const usage = `Usage: circleci COMMAND

  step halt, task halt            end the job successfully after this step
  env subst [TEXT]                replace $NAME and \${NAME} in TEXT or stdin
  tests glob PATTERN...           print the files that match
  tests split [FILE]              print this node's share of the names in FILE or stdin
  tests run --command COMMAND     run a command with this node's share of the names on stdin
  testsuite run NAME              run this node's share of a suite of .circleci/test-suites.yml
  testsuite doctor NAME           try a suite out and tell what to mend
  run oidc get [--claims JSON]    print a signed token that says which job this is
  run release plan|update|log     (not offered yet)
  version [--short]

\`circleci COMMAND --help\` tells about one of them.
`

/** The command that the words begin with, the longest first; undefined when they only ask for help. */
export async function findCommand(
  words: readonly string[],
): Promise<{ command: Command; rest: readonly string[] } | undefined> {
  for (const length of [3, 2, 1]) {
    const load = commands.get(words.slice(0, length).join(' '))
    if (load !== undefined && words.length >= length) return { command: await load(), rest: words.slice(length) }
  }
  if (words.some((word) => word === '--help' || word === '-h')) return undefined
  const shown = words.slice(0, 2).join(' ')
  throw new OrreryError('ORY_HELPER_USAGE', [`unknown command ${JSON.stringify(shown)}`])
}
