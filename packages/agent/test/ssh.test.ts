import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import ssh2, { type Client, type ClientChannel } from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSshServer, type SshServer } from '../src/ssh/server.ts'

const pair = ssh2.utils.generateKeyPairSync('ed25519')
const stranger = ssh2.utils.generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

/** Sessions of the job's own SSH server, over a socket as the runner would hand it on. */
describe('the SSH server of a job', () => {
  const listener = createServer()
  let server: SshServer
  let changes = 0
  beforeAll(async () => {
    server = createSshServer({
      authorizedKeys: [publicOf(pair.public), publicOf(publicLineOf(rsa.privateKey)), 'nonsense'],
      home: tmpdir(),
      environment: () => ({ PATH: process.env['PATH'] ?? '', SECRET: 'supersecret' }),
      started: () => undefined,
      onChange: () => void changes++,
    })
    listener.on('connection', (socket: Socket) => server.attach(socket))
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
  })
  afterAll(() => {
    server.close()
    listener.close()
  })

  const port = () => (listener.address() as { port: number }).port

  async function login(privateKey: string): Promise<Client> {
    const client = new ssh2.Client()
    const ready = new Promise<void>((resolve, reject) => client.once('ready', resolve).once('error', reject))
    client.connect({ sock: connect(port(), '127.0.0.1'), username: 'anybody', privateKey })
    await ready
    return client
  }

  async function exec(client: Client, command: string): Promise<{ code: number; text: string }> {
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened))),
    )
    let text = ''
    channel.on('data', (bytes: Buffer) => (text += bytes.toString()))
    const closed = once(channel, 'close')
    const [code]: number[] = await once(channel, 'exit')
    await closed
    return { code: code ?? -1, text }
  }

  it('shows secrets as they are (A.13 314), and gives the command’s exit code', async () => {
    const client = await login(pair.private)
    expect(await exec(client, 'echo $SECRET; exit 7')).toEqual({ code: 7, text: 'supersecret\n' })
    client.end()
  })

  it('forwards ports of the job to its person', async () => {
    const echo = createServer((socket) => socket.end('from the job')).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const client = await login(pair.private)
    const target = (echo.address() as { port: number }).port
    const stream = await new Promise<ClientChannel>((resolve, reject) =>
      client.forwardOut('127.0.0.1', 1, '127.0.0.1', target, (error, opened) =>
        error ? reject(error) : resolve(opened),
      ),
    )
    const [bytes]: Buffer[] = await once(stream, 'data')
    expect(bytes?.toString()).toBe('from the job')
    client.end()
    echo.close()
  })

  it('takes RSA keys with the signatures of today', async () => {
    const client = await login(rsa.privateKey)
    expect((await exec(client, 'true')).code).toBe(0)
    client.end()
  })

  it.each([
    ['another key', { privateKey: stranger.private }],
    ['a password', { password: 'supersecret' }],
    ['nothing', {}],
  ])('refuses %s', async (_, how) => {
    const client = new ssh2.Client()
    const refused = once(client, 'error')
    client.connect({ sock: connect(port(), '127.0.0.1'), username: 'anybody', ...how })
    const [error]: Error[] = await refused
    expect(error?.message).toContain('authentication methods failed')
  })

  it('survives strangers who send rubbish or hang up in the middle', async () => {
    const before = server.logins
    for (const rubbish of ['GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n\0\0\0\0', '']) {
      const socket = connect(port(), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.end(rubbish)
      await once(socket.resume(), 'close')
    }
    const client = await login(pair.private)
    expect(server.logins).toBe(before + 1)
    const seen = changes
    client.end()
    await expect.poll(() => changes).toBeGreaterThan(seen)
  })
})

function publicOf(line: string): string {
  return line.split(' ').slice(0, 2).join(' ')
}

function publicLineOf(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey)
  if (key instanceof Error) throw key
  return `${key.type} ${key.getPublicSSH().toString('base64')}`
}
