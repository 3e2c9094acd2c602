import { askAgent, taskData } from '../ask-agent.ts'
import type { Command } from '../flags.ts'
import { readInput } from '../read-input.ts'
import { writeOut } from '../write-out.ts'

/**
 * Git's way to the checkout token (gitcredentials(7)); no command for people. It knows nothing that git could store or
 * erase, and it is silent where there is nothing to say: git then goes on without.
 */
export const gitCredential: Command = {
  synopsis: {
    name: 'git-credential',
    positionals: { show: 'get|store|erase', least: 1, most: 1 },
    about: 'Answers git during and after a checkout over HTTPS.',
    flags: {},
  },
  async run({ positionals: [operation] }) {
    const data = taskData()
    if (operation !== 'get' || data === undefined) return 0
    const asked = new Map((await readInput()).split('\n').map((line): [string, string] => [before(line), after(line)]))
    const request = { protocol: asked.get('protocol') ?? '', host: asked.get('host') ?? '' }
    const answer = await askAgent(data, { command: 'git-credential', ...request })
    const credential = answer?.credential
    if (credential) await writeOut([`username=${credential.username}\n`, `password=${credential.token}\n`])
    return 0
  },
}

function before(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf('=')))
}

function after(line: string): string {
  return line.slice(line.indexOf('=') + 1)
}
