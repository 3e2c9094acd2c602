import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jobSpec } from '../test/kit.ts'
import { ArchiveStore } from './archives/archive-store.ts'
import { type Gateway, isSafePath, openGateway } from './gateway.ts'

type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void

let directory: string
let handle: Handler
let gateway: Gateway
const server = createServer((incoming, outgoing) => handle(incoming, outgoing))
const login = {
  auth: { username: 'ann', password: 'for-the-registry' },
  awsAuth: { accessKeyId: 'a', secretAccessKey: 'for-aws' },
}
const spec = jobSpec([{ image: 'app', user: 'me', ...login }], ['true'])

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gw-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  gateway = await open(directory)
})
afterEach(async () => {
  await gateway.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true, force: true })
})

function open(path: string, withSpec = true, archives?: ArchiveStore): Promise<Gateway> {
  const { port } = server.address() as AddressInfo
  const serverUrl = `http://127.0.0.1:${port}/base`
  const options = { socketPath: join(path, 'gateway.sock'), serverUrl, taskId: 'task-1', taskToken: 'secret', archives }
  return openGateway(withSpec ? { ...options, spec } : options)
}

interface Reply {
  status: number
  headers: IncomingMessage['headers']
  text: string
  bytes: Buffer
}

function call(method: string, path: string, body?: string | Buffer, headers = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socketPath = join(directory, 'gateway.sock')
    const outgoing = request({ socketPath, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: bytes.toString(), bytes })
      })
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('the gateway', () => {
  it('gives the place its document without the logins for registries', async () => {
    const { status, text } = await call('GET', '/spec')

    expect(status).toBe(200)
    expect(JSON.parse(text).executor.images).toEqual([{ image: 'app', user: 'me', environment: {} }])
    expect(text).not.toMatch(/for-the-registry|for-aws/)
  })

  it('forwards to the task’s part of the API, with the token and without the job’s own headers', async () => {
    let seen: IncomingMessage | undefined
    handle = (incoming, outgoing) => {
      seen = incoming
      incoming.resume()
      outgoing.writeHead(409, { 'x-kept': 'yes', connection: 'keep-alive' }).end('{"size":3}')
    }

    const reply = await call('PUT', '/logs/101/0?offset=5', 'abc', {
      authorization: 'Bearer stolen',
      cookie: 'session=1',
      connection: 'close, x-hop',
      'x-hop': '1',
      'x-forwarded-for': '1.2.3.4',
      'content-type': 'text/plain',
    })

    expect(reply).toMatchObject({ status: 409, text: '{"size":3}', headers: { 'x-kept': 'yes' } })
    expect(seen?.url).toBe('/base/api/agent/v1/tasks/task-1/logs/101/0?offset=5')
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'text/plain',
      'content-length': '3',
    })
    for (const name of ['cookie', 'x-hop', 'x-forwarded-for']) expect(seen?.headers).not.toHaveProperty(name)
  })

  it('answers the spec from memory until the first events, then asks the server', async () => {
    const paths: (string | undefined)[] = []
    handle = (incoming, outgoing) => {
      paths.push(incoming.url)
      incoming.resume()
      outgoing.writeHead(incoming.url?.endsWith('/spec') ? 410 : 200).end('{}')
    }

    const first = await call('GET', '/spec')
    await call('POST', '/events', '{}')
    const second = await call('GET', '/spec')

    expect(JSON.parse(first.text)).toMatchObject({ taskId: spec.taskId, steps: spec.steps })
    expect(second.status).toBe(410)
    expect(paths).toHaveLength(2)
  })

  it('says 503 while nobody answers, so that the agent comes again', async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))

    const reply = await call('PUT', '/logs/101/0?offset=0', Buffer.alloc(3_000_000))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

    expect(reply.status).toBe(503)
  })

  it('passes bytes on while they come, in both directions', async () => {
    handle = (incoming, outgoing) => {
      outgoing.writeHead(200)
      incoming.on('data', (chunk) => outgoing.write(chunk))
      incoming.on('end', () => outgoing.end())
    }
    const socketPath = join(directory, 'gateway.sock')
    const outgoing = request({ socketPath, method: 'POST', path: '/git/x' })

    outgoing.write('one')
    const incoming = await new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve))
    const heard = new Promise((resolve) => incoming.once('data', resolve))

    expect(String(await heard)).toBe('one')
    outgoing.end()
    await once(incoming, 'end')
  })

  it('does not read faster than the server takes', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<IncomingMessage>()
    handle = (incoming, outgoing) => {
      incoming.once('end', () => outgoing.end())
      arrive(incoming)
    }
    const outgoing = request({
      socketPath: join(directory, 'gateway.sock'),
      method: 'PUT',
      path: '/uploads/1?offset=0',
    })
    const { promise: taken, resolve: take } = Promise.withResolvers<string>()
    outgoing.write(Buffer.alloc(64 * 1024 * 1024), () => take('taken'))
    const held = await arrived

    // Nothing announces that bytes do not move; without holding back they would be gone in a tenth of this.
    expect(await Promise.race([taken, delay(300, 'held back')])).toBe('held back')
    held.resume()
    expect(await taken).toBe('taken')
    outgoing.end()
    const incoming = await new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve))
    incoming.resume()
    await once(incoming, 'end')
  })

  it('ends the server’s side when the job hangs up', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
    handle = (incoming) => {
      incoming.resume()
      incoming.socket.once('close', resolve)
      reach()
    }
    const outgoing = request({ socketPath: join(directory, 'gateway.sock'), method: 'POST', path: '/renew' })
    outgoing.on('error', () => undefined)
    outgoing.end('{"waitS":60}')
    await reached

    outgoing.destroy()

    await closed
  })

  it('tells of the first request only when it came', async () => {
    handle = (incoming, outgoing) => {
      incoming.resume()
      outgoing.end()
    }
    let up = false
    void gateway.contacted.then(() => {
      up = true
    })
    await turn()
    expect(up).toBe(false)

    await call('POST', '/renew', '{}')
    await gateway.contacted
  })

  it('listens under a path that is too long for a socket, and over what a job left there', async () => {
    const deep = await mkdtemp(join(directory, 'x'.repeat(120)))
    await symlink('/etc/passwd', join(deep, 'gateway.sock'))
    const before = (await stat('/etc/passwd')).mode

    const second = await open(deep)

    expect((await stat(join(deep, 'gateway.sock'))).isSocket()).toBe(true)
    expect((await stat(join(deep, 'gateway.sock'))).mode & 0o777).toBe(0o777)
    expect((await stat('/etc/passwd')).mode).toBe(before)
    expect((await stat(join(await second.hostDirectory(), 'gateway.sock'))).isSocket()).toBe(true)
    expect(Buffer.byteLength(join(await second.hostDirectory(), 'gateway.sock'))).toBeLessThan(108)
    await second.close()
  })
})

describe('archives that this runner has had already', () => {
  const content = randomBytes(300_000)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const path = '/caches/0b7b9f3e-2d3c-4e65-9a0c-000000000000'
  /** Bytes of bodies that the server sent. */
  let sent: number[]
  let allowed: boolean
  let bytes: Buffer

  beforeEach(async () => {
    sent = []
    allowed = true
    bytes = content
    handle = (incoming, outgoing) => {
      if (!allowed) return void outgoing.writeHead(404).end('{}')
      const probe = incoming.headers.range === 'bytes=0-0'
      const from = probe ? 0 : Number(/\d+/.exec(incoming.headers.range ?? '')?.[0] ?? 0)
      const body = probe ? bytes.subarray(0, 1) : bytes.subarray(from)
      sent.push(body.length)
      outgoing
        .writeHead(incoming.headers.range === undefined ? 200 : 206, {
          etag: `"${sha256}"`,
          'content-length': body.length,
        })
        .end(body)
    }
    await gateway.close()
    gateway = await open(directory, true, await ArchiveStore.open(join(directory, 'archives'), 1_000_000))
  })

  it('come from the runner the second time, whole or from where a connection broke', async () => {
    const first = await call('GET', path)
    const second = await call('GET', path)
    const rest = await call('GET', path, undefined, { range: 'bytes=299990-' })

    expect([first.status, second.status, rest.status]).toEqual([200, 200, 206])
    expect([first.bytes, second.bytes].every((body) => body.equals(content))).toBe(true)
    expect(rest.bytes.equals(content.subarray(299_990))).toBe(true)
    expect(rest.headers['content-range']).toBe('bytes 299990-299999/300000')
    expect(sent).toEqual([1, 300_000, 1, 1])
  })

  it('are refused to a task that the server refuses them to', async () => {
    await call('GET', path)
    allowed = false

    expect((await call('GET', path)).status).toBe(404)
  })

  it('are not kept when they are not what the server calls them', async () => {
    bytes = randomBytes(300_000)
    await call('GET', path)
    bytes = content

    expect((await call('GET', path)).bytes.equals(content)).toBe(true)
    expect(sent).toEqual([1, 300_000, 1, 300_000])
  })

  it('are fetched again once the kept file was found spoilt', async () => {
    await call('GET', path)
    await writeFile(join(directory, 'archives', sha256), randomBytes(300_000))

    expect((await call('GET', path)).bytes.equals(content)).toBe(false)
    expect((await call('GET', path)).bytes.equals(content)).toBe(true)
  })

  it('are kept of a whole answer only', async () => {
    await call('GET', path, undefined, { range: 'bytes=10-' })
    await call('GET', path)

    expect(sent).toEqual([1, 299_990, 1, 300_000])
  })
})

describe('isSafePath', () => {
  it.each([
    ['/events', true],
    ['/logs/101/0?offset=../..', true],
    ['/git/local/acme/app.git/info/refs?service=git-upload-pack', true],
    ['/a..b/c', true],
    ['/../other/events', false],
    ['/logs/../../x', false],
    ['/logs/%2e%2E/x', false],
    ['/logs/.%2e/x', false],
    ['/./x', false],
    ['/a%2f..%2fb', false],
    ['/a\\..\\b', false],
    ['//evil.test/x', false],
    ['http://evil.test/x', false],
    ['*', false],
  ])('%s: %s', (path, safe) => {
    expect(isSafePath(path)).toBe(safe)
  })
})
