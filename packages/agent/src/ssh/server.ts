import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import ssh2, { type AuthContext, type Connection, type ParsedKey } from 'ssh2'
import { openSession, type SessionPlace } from './session.ts'

export interface SshServerOptions extends SessionPlace {
  /** Lines `<type> <base64>`. */
  authorizedKeys: readonly string[]
  /** Somebody got in, or the last one left. */
  onChange(): void
}

/** People that are logged in. */
export interface SshServer {
  /** As `ssh` shows it when it asks whether to trust the host. */
  readonly fingerprint: string
  readonly connected: number
  /** How often somebody logged in. */
  readonly logins: number
  attach(socket: Socket): void
  close(): void
}

/**
 * An SSH server of this job alone: public keys only, a host key that was made for it and dies with it, sessions as the
 * step user with the job's environment (spec: execution.md 19). It listens nowhere; connections are handed to it.
 */
export function createSshServer(options: SshServerOptions): SshServer {
  const host = ssh2.utils.generateKeyPairSync('ed25519')
  const allowed = options.authorizedKeys.flatMap((line) => parsed(line) ?? [])
  const connections = new Set<Connection>()
  let logins = 0
  const server = new ssh2.Server({ hostKeys: [host.private], ident: 'orrery' }, (connection) => {
    let isIn = false
    connection.on('authentication', (context) => authenticate(context, allowed))
    connection.on('ready', () => {
      isIn = true
      logins += 1
      connections.add(connection)
      options.onChange()
    })
    connection.on('session', (accept) => openSession(accept(), options))
    connection.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      const target = connect(destPort, destIP)
      target.once('connect', () => target.pipe(accept()).pipe(target))
      target.once('error', () => _reject())
    })
    // Strangers that knock and leave are no news.
    connection.on('error', () => undefined)
    connection.on('close', () => {
      connections.delete(connection)
      if (isIn) options.onChange()
    })
  })
  return {
    fingerprint: fingerprintOf(host.public),
    get connected() {
      return connections.size
    },
    get logins() {
      return logins
    },
    attach: (socket) => server.injectSocket(socket),
    close() {
      for (const connection of connections) connection.end()
    },
  }
}

/** The user's name is anybody's choice: a job has one user, its own. */
function authenticate(context: AuthContext, allowed: readonly ParsedKey[]): void {
  if (isAllowed(context, allowed)) context.accept()
  else context.reject(['publickey'])
}

function isAllowed(context: AuthContext, allowed: readonly ParsedKey[]): boolean {
  if (context.method !== 'publickey') return false
  const key = allowed.find((one) => one.getPublicSSH().equals(context.key.data))
  if (key === undefined) return false
  // Without a signature the client only asks whether the key would do.
  if (context.signature === undefined || context.blob === undefined) return true
  return key.verify(context.blob, context.signature, context.hashAlgo) === true
}

function parsed(line: string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(line)
  return key instanceof Error ? undefined : key
}

function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}
