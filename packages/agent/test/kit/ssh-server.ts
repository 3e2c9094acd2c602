import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** A real SSH server on the loopback that lets one key in, as the user who runs the test. */
export interface SshServer extends AsyncDisposable {
  /** `ssh://user@127.0.0.1:port` */
  readonly url: string
  /** Line for known_hosts. */
  readonly knownHost: string
  readonly key: { privateKey: string; publicKey: string }
  /** Commands that clients asked for, e.g. `git-upload-pack '/x.git'`. */
  commands(): string[]
}

/** A key pair without passphrase in `folder`. */
export function makeKey(folder: string, name: string): { privateKey: string; publicKey: string } {
  const file = join(folder, name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  return { privateKey: readFileSync(file, 'utf8'), publicKey: readFileSync(`${file}.pub`, 'utf8').trim() }
}

export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-sshd-'))
  const host = makeKey(folder, 'host')
  const key = makeKey(folder, 'client')
  const journal = join(folder, 'commands')
  const gate = join(folder, 'gate')
  writeFileSync(gate, `#!/bin/sh\necho "$SSH_ORIGINAL_COMMAND" >>'${journal}'\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n`)
  chmodSync(gate, 0o755)
  writeFileSync(join(folder, 'authorized_keys'), `command="${gate}" ${key.publicKey}\n`, { mode: 0o600 })
  // As root the server wants its own directory, which the package makes at boot only.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  const settings = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: join(folder, 'host'),
    AuthorizedKeysFile: join(folder, 'authorized_keys'),
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', '/dev/null', ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes('Server listening')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`sshd ended: ${said}`)))
  })
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    knownHost: `[127.0.0.1]:${port} ${host.publicKey}`,
    key,
    commands: () => readFileSync(journal, 'utf8').trim().split('\n'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
