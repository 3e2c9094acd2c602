import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fork, Project } from '@orrery/engine'
import type { Claim } from '@orrery/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../src/index.ts'
import { loadSigner } from '../src/oidc/signer.ts'
import { Installation } from './support/installation.ts'
import { onePlan, startPlan } from './support/plan.ts'
import { claim, FakeAgent } from './support/runner.ts'
import { WorkTree } from './support/work-tree.ts'

let installation: Installation
let server: Server
let project: Project
let tree: WorkTree
let revision: string
beforeAll(async () => {
  installation = await Installation.create()
  server = await installation.start()
  tree = await WorkTree.create()
  revision = await tree.commit('Change [skip ci]', { 'a.txt': 'a' })
  project = await server.registerProject({ slug: 'local/acme/app', from: tree.path })
})
afterAll(async () => {
  await installation.close()
  await tree.remove()
})

async function started(fork?: Fork): Promise<Claim> {
  await startPlan(server.engine, project, onePlan(), revision, fork)
  const claimed = await claim(server)
  if (!claimed) throw new Error('no task')
  return claimed
}

const variables = ({ spec }: Claim) => spec.environment.find(({ source }) => source === 'builtin')?.vars ?? {}

/** As a relying party does it: only the token's issuer is known, all else is asked for. Throws unless all of it fits. */
async function verified(token: string): Promise<Record<string, unknown>> {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const discovery = (await (await fetch(`${claims.iss}/.well-known/openid-configuration`)).json()) as {
    issuer: string
    jwks_uri: string
    id_token_signing_alg_values_supported: string[]
  }
  expect(discovery.issuer).toBe(claims.iss)
  expect(discovery.id_token_signing_alg_values_supported).toEqual([alg])
  const { keys } = (await (await fetch(discovery.jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] }
  const jwk = keys.find((one) => one.kid === kid)
  if (jwk === undefined) throw new Error('no such key')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  expect(key.export({ format: 'jwk' })).not.toHaveProperty('d')
  expect(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
  return claims
}

describe('tokens of jobs', () => {
  it('83: are in the environment, masked, and say which job it is for an hour', async () => {
    const claimed = await started()
    const { CIRCLE_OIDC_TOKEN: v1 = '', CIRCLE_OIDC_TOKEN_V2: v2 = '', ...vars } = variables(claimed)

    expect(claimed.spec.maskValues).toEqual(expect.arrayContaining([v1, v2]))
    const [one, two] = [await verified(v1), await verified(v2)]
    const organization = vars['CIRCLE_ORGANIZATION_ID']
    expect(one).toMatchObject({
      iss: `${server.url}/oidc/org/${organization}`,
      aud: organization,
      sub: expect.stringMatching(new RegExp(`^org/${organization}/project/${project.id}/user/[0-9a-f-]{36}$`)),
      'oidc.circleci.com/context-ids': [],
      'oidc.circleci.com/job-id': claimed.spec.jobId,
      'oidc.circleci.com/workflow-id': claimed.spec.workflowId,
      'oidc.circleci.com/pipeline-id': claimed.spec.pipelineId,
      'oidc.circleci.com/project-id': project.id,
      'oidc.circleci.com/org-id': organization,
      'oidc.circleci.com/ssh-rerun': false,
      'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    })
    expect(Number(one['exp']) - Number(one['iat'])).toBe(3600)
    const origin = `${new URL(server.url).host}/git/local/acme/app`
    expect(two['sub']).toBe(`${one['sub']}/vcs-origin/${origin}/vcs-ref/refs/heads/main`)
    await new FakeAgent(server, claimed).event({ type: 'task.ended', outcome: 'success' })
  })

  it('324: are made for another audience, or by the installation, while the job runs', async () => {
    const claimed = await started()
    const agent = new FakeAgent(server, claimed)
    const token = async (body: object) => {
      const answer = await agent.call('POST', '/token', body)
      expect(answer.status).toBe(200)
      return verified((answer.json() as { token: string }).token)
    }

    expect(await token({ audience: 'sts.amazonaws.com' })).toMatchObject({ aud: 'sts.amazonaws.com' })
    expect(await token({ audience: ['a', 'b'] })).toMatchObject({ aud: ['a', 'b'] })
    expect(await token({ rootIssuer: true })).toMatchObject({ iss: `${server.url}/oidc` })

    await agent.event({ type: 'task.ended', outcome: 'success' })
    expect((await agent.call('POST', '/token', {})).status).toBe(410)
  })

  it('are not for forks without secrets (9.5)', async () => {
    const claimed = await started({ repository: 'github/eve/app', secrets: false })
    const agent = new FakeAgent(server, claimed)

    expect(Object.keys(variables(claimed)).filter((name) => name.includes('OIDC'))).toEqual([])
    const answer = await agent.call('POST', '/token', { audience: 'x' })
    expect([answer.status, answer.json()]).toMatchObject([403, { code: 'ORY_NO_IDENTITY' }])
    await agent.event({ type: 'task.ended', outcome: 'success' })
  })
})

describe('the signing key', () => {
  it('stays over a restart, readable for its owner alone', async () => {
    const directory = join(installation.dataDir, 'server')
    expect((await stat(join(directory, 'oidc-key.pem'))).mode & 0o777).toBe(0o600)
    const { keys } = (await (await fetch(`${server.url}/oidc/.well-known/jwks`)).json()) as { keys: object[] }
    expect([(await loadSigner(directory)).jwk]).toEqual(keys)
  })

  it('that is damaged is an error which quotes none of it', async () => {
    const directory = join(installation.dataDir, 'damaged')
    await loadSigner(directory)
    const path = join(directory, 'oidc-key.pem')
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 400))

    const error: unknown = await loadSigner(directory).catch((reason: unknown) => reason)

    expect(String(error)).toContain('is no RSA key of 2048 bits or more')
    expect(String(error)).not.toContain('BEGIN')
  })
})
