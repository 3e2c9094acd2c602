import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeEcr {
  endpoint: string
  region: string
  sts: string
  /** Requests so far. */
  asked: number
  /** Answers this to the next requests, as many as given. */
  fail(status: number, times: number): void
  close(): Promise<void>
}

/** AWS as far as `GetAuthorizationToken` goes: checks the signature by its own reckoning and gives `login`. */
export async function startEcr(keys: { id: string; secret: string }, login: string): Promise<FakeEcr> {
  const region = 'eu-test-1'
  let failing = { status: 0, times: 0 }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    fake.asked += 1
    if (request.url === '/sts') {
      const wish = new URLSearchParams(body)
      const [status, answer] = lend(wish, keys)
      return response.writeHead(status, { 'content-type': 'text/xml' }).end(answer)
    }
    const say = (status: number, answer: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
    if (failing.times > 0) {
      failing.times -= 1
      return say(failing.status, { __type: 'ServerException', message: 'later' })
    }
    if (request.headers['x-amz-target'] !== 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken') {
      return say(400, { __type: 'UnknownOperationException' })
    }
    const id = /Credential=(?<id>[^/]+)\//.exec(request.headers.authorization ?? '')?.groups?.['id']
    if (id !== keys.id) {
      const message = 'The security token included in the request is invalid.'
      return say(400, { __type: 'UnrecognizedClientException', message })
    }
    if (!isSigned(request, body, keys.secret, region)) {
      // As the real one: with what it was given, which must not come out.
      const message = `The request signature we calculated does not match. Credential was ${request.headers.authorization}`
      return say(400, { __type: 'com.amazon.coral.service#InvalidSignatureException', message })
    }
    const authorizationToken = Buffer.from(login).toString('base64')
    say(200, { authorizationData: [{ authorizationToken, expiresAt: 1.9e9, proxyEndpoint: 'https://x' }] })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const fake: FakeEcr = {
    endpoint: `http://127.0.0.1:${port}`,
    region,
    sts: `http://127.0.0.1:${port}/sts`,
    asked: 0,
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

/** `AssumeRoleWithWebIdentity`: one role trusts one token. */
function lend(wish: URLSearchParams, keys: { id: string; secret: string }): [status: number, xml: string] {
  const isAsked = wish.get('Action') === 'AssumeRoleWithWebIdentity' && wish.get('Version') === '2011-06-15'
  if (!isAsked || !/^[\w+=,.@-]{2,64}$/.test(wish.get('RoleSessionName') ?? ''))
    return [400, '<Code>ValidationError</Code>']
  const token = wish.get('WebIdentityToken')
  if (wish.get('RoleArn') !== trusted.role || token !== trusted.token) {
    // As the real one may: with what it was given, which must not come out.
    return [
      403,
      `<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized: ${token}</Message></Error></ErrorResponse>`,
    ]
  }
  const lent = `<AccessKeyId>${keys.id}</AccessKeyId><SecretAccessKey>${keys.secret}</SecretAccessKey>`
  const session = '<SessionToken>lent/for+an=hour</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration>'
  return [
    200,
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>${lent}${session}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  ]
}

export const trusted = { role: 'arn:aws:iam::123456789012:role/pull', token: 'head.claims.signature' }

/** Signature version 4, reckoned from the request as it came. */
function isSigned(request: IncomingMessage, body: string, secret: string, region: string): boolean {
  const { authorization = '' } = request.headers
  const [, names = '', signature] = /SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})/.exec(authorization) ?? []
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`)
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const canonical = `${request.method}\n${request.url}\n\n${headers.join('')}\n${names}\n${hash(body)}`
  const time = String(request.headers['x-amz-date'])
  const scope = [time.slice(0, 8), region, 'ecr', 'aws4_request']
  const key = scope.reduce<Buffer>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  )
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope.join('/')}\n${hash(canonical)}`
  const isComplete = ['host', 'x-amz-date', 'x-amz-target'].every((name) => names.split(';').includes(name))
  return isComplete && createHmac('sha256', key).update(text).digest('hex') === signature
}
