import { OrreryError } from '@orrery/protocol/errors'
import { askAgent, taskData } from '../ask-agent.ts'
import type { Command } from '../flags.ts'
import { writeOut } from '../write-out.ts'

/** A token of the job's identity for a given audience (spec: execution.md 17). It is not masked: the job asked to see it. */
export const oidcGet: Command = {
  synopsis: {
    name: 'run oidc get',
    positionals: { show: '', least: 0, most: 0 },
    about: 'Prints a signed token that says which job this is, for somebody who trusts this installation.',
    flags: {
      claims: { type: 'string', value: 'JSON', help: 'an object with "aud": whom the token is for' },
      'root-issuer': { type: 'boolean', help: 'issued by the installation, not by the organization' },
    },
  },
  async run(parsed) {
    const audience = audienceOf(parsed.text('claims'))
    const data = taskData()
    if (data === undefined) throw new OrreryError('ORY_OUTSIDE_JOB', ['CIRCLE_INTERNAL_TASK_DATA is not set'])
    const rootIssuer = parsed.given('root-issuer')
    const answer = await askAgent(data, { command: 'token', rootIssuer, ...(audience !== undefined && { audience }) })
    if (answer?.token === undefined)
      throw new OrreryError('ORY_OUTSIDE_JOB', ['the agent of the job cannot be reached'])
    await writeOut([`${answer.token}\n`])
    return 0
  },
}

/** Only the audience can be chosen: a claim that is left out in silence would be relied on. */
function audienceOf(claims: string | undefined): string | string[] | undefined {
  if (claims === undefined) return undefined
  const given = parse(claims)
  const other = Object.keys(given).find((name) => name !== 'aud')
  if (other !== undefined) refuse(`only "aud" can be set, not ${JSON.stringify(other)}`)
  const { aud } = given
  if (aud === undefined || typeof aud === 'string') return aud || undefined
  if (Array.isArray(aud) && aud.every((one) => typeof one === 'string')) return aud
  return refuse('"aud" must be a text or a list of texts')
}

function parse(claims: string): Record<string, unknown> {
  try {
    const given: unknown = JSON.parse(claims)
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given }
  } catch {
    // Told below: what the parser says helps nobody who forgot the quotes.
  }
  return refuse(`--claims is no JSON object: ${JSON.stringify(claims.slice(0, 100))}`)
}

function refuse(what: string): never {
  throw new OrreryError('ORY_HELPER_USAGE', [`circleci run oidc get: ${what}`])
}
