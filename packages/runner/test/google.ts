import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeGoogle {
  sts: string
  iamCredentials: string
  /** Requests so far, as `METHOD path`. */
  asked: string[]
  /** Answers this to the next requests, as many as given. */
  fail(status: number, times: number): void
  close(): Promise<void>
}

/** What the fake trusts: one provider, one token of a job, one account that the provider's subjects may use. */
export const pool = 'projects/123456789012/locations/global/workloadIdentityPools/ci'
export const account = 'puller@acme.iam.gserviceaccount.com'
export const subject = 'head.claims.signature'

const federated = 'ya29.d.federated'
const scope = 'https://www.googleapis.com/auth/cloud-platform'

/** Google as far as a job's token becomes one of a service account, `password`. */
export async function startGoogle(password: string): Promise<FakeGoogle> {
  let failing = { status: 0, times: 0 }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const { method, url = '', headers } = request
    fake.asked.push(`${method} ${url}`)
    const say = (status: number, answer: object) =>
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(answer))
    if (failing.times > 0) {
      failing.times -= 1
      return say(failing.status, { error: { code: failing.status, message: 'later', status: 'UNAVAILABLE' } })
    }
    const body: Record<string, unknown> = JSON.parse(text)
    if (url === '/v1/token') return exchange(body, say)
    if (url !== `/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateAccessToken`) {
      return say(403, permissionDenied)
    }
    if (headers.authorization !== `Bearer ${federated}` || JSON.stringify(body['scope']) !== JSON.stringify([scope])) {
      return say(401, { error: { code: 401, message: `Invalid: ${headers.authorization}`, status: 'UNAUTHENTICATED' } })
    }
    say(200, { accessToken: password, expireTime: '2026-11-28T12:00:00Z' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const fake: FakeGoogle = {
    sts: `http://127.0.0.1:${port}`,
    iamCredentials: `http://127.0.0.1:${port}`,
    asked: [],
    fail(status, times) {
      failing = { status, times }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fake
}

const permissionDenied = {
  error: {
    code: 403,
    message: "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    status: 'PERMISSION_DENIED',
  },
}

function exchange(body: Record<string, unknown>, say: (status: number, answer: object) => unknown): unknown {
  const asksRight =
    body['grantType'] === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
    body['requestedTokenType'] === 'urn:ietf:params:oauth:token-type:access_token' &&
    body['subjectTokenType'] === 'urn:ietf:params:oauth:token-type:jwt' &&
    body['scope'] === scope
  if (!asksRight) return say(400, { error: 'invalid_request', error_description: 'Invalid value.' })
  if (body['audience'] !== `//iam.googleapis.com/${pool}/providers/orrery`) {
    return say(400, { error: 'invalid_target', error_description: 'The target service is not valid.' })
  }
  if (body['subjectToken'] !== subject) {
    // As the real one may: with what it was given, which must not come out.
    const error_description = `The token ${String(body['subjectToken'])} is not signed by a key of the issuer.`
    return say(400, { error: 'invalid_grant', error_description })
  }
  say(200, {
    access_token: federated,
    issued_token_type: body['requestedTokenType'],
    token_type: 'Bearer',
    expires_in: 3599,
  })
}
