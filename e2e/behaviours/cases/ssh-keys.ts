import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Behaviours, images, say } from '../behaviour.ts'

export interface TestKey {
  hostname: string
  privateKey: string
  publicKey: string
  md5: string
  sha256: string
}

/** Fresh keys, as people make them. */
function makeKey(hostname: string, ...options: string[]): TestKey {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-key-'))
  const file = join(folder, 'key')
  const keygen = (...args: string[]) => execFileSync('ssh-keygen', args, { encoding: 'utf8' })
  keygen('-q', '-N', '', '-C', '', '-f', file, ...options)
  const [, md5 = ''] = /MD5:(\S+)/.exec(keygen('-l', '-E', 'md5', '-f', file)) ?? []
  const [sha256 = ''] = /SHA256:\S+/.exec(keygen('-l', '-f', file)) ?? []
  const read = (path: string) => readFileSync(path, 'utf8')
  const key = { hostname, privateKey: read(file), publicKey: read(`${file}.pub`).trim(), md5, sha256 }
  rmSync(folder, { recursive: true })
  return key
}

const host = 'git.internal'
/** One that the server of the cases knows, and one for every host, in the older form. */
export const keys = {
  known: makeKey(host, '-t', 'ed25519'),
  other: makeKey('', '-t', 'rsa', '-b', '2048', '-m', 'PEM'),
}
const fileOf = ({ md5 }: TestKey) => `id_rsa_${md5.replaceAll(':', '')}`
const docker = [
  { image: images.base },
  { image: images.sshd, name: host, environment: { AUTHORIZED_KEY: keys.known.publicKey } },
]
const login =
  'export SSH="ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes -o LogLevel=ERROR"; ' +
  `for i in $(seq 50); do (exec 3<>/dev/tcp/${host}/22) 2>/dev/null && break; sleep 0.1; done; ` +
  `$SSH git@${host} 'echo in as $USER'`

/** Execution.md A.6, additional keys, against a real SSH server. */
export const sshKeys: Behaviours = {
  'keys-all': {
    numbers: [153, 156, 157],
    job: { docker },
    steps: [
      say('before', 'ls -A ~/.ssh 2>/dev/null || true; echo "${SSH_AUTH_SOCK-unset}"'),
      'add_ssh_keys',
      say('list', 'ssh-add -l | cut -d" " -f2 | sort; ls ~/.ssh | cat; cat ~/.ssh/config; stat -c %a ~/.ssh ~/.ssh/*'),
      say('login', login),
      say('agent only', `mv ~/.ssh/config ~/.ssh/away; ${login}`),
      say('sudo', `sudo -E ${'ssh-add'} -l | wc -l`),
      say('secret', 'cat ~/.ssh/id_rsa_*'),
    ],
    says: {
      before: 'unset\n',
      list: [
        ...[keys.known.sha256, keys.other.sha256].sort((a, b) => (a < b ? -1 : 1)),
        ...['config', ...[fileOf(keys.known), fileOf(keys.other)].sort()],
        ...[keys.known, keys.other].flatMap((key) => [
          `Host ${key.hostname || '*'}`,
          '  IdentitiesOnly no',
          `  IdentityFile /home/circleci/.ssh/${fileOf(key)}`,
        ]),
        ...['700', '600', '600', '600', ''],
      ].join('\n'),
      login: 'in as git\n',
      'agent only': 'in as git\n',
      sudo: '2\n',
      secret: /^(?:-----[A-Z ]+-----\n(?:\*{4}\n?)+-----[A-Z ]+-----\n){2}$/,
    },
  },
  'keys-chosen': {
    numbers: [154],
    job: { docker },
    steps: [
      { add_ssh_keys: { fingerprints: [keys.known.md5] } },
      { add_ssh_keys: { fingerprints: [keys.known.sha256, `MD5:${keys.known.md5.toUpperCase()}`] } },
      say('list', 'ssh-add -l | wc -l; ls ~/.ssh | cat; grep -c Host ~/.ssh/config'),
      say('login', login),
    ],
    says: { list: `1\nconfig\n${fileOf(keys.known)}\n1\n`, login: 'in as git\n' },
  },
  'keys-unknown': {
    numbers: [155],
    steps: [
      { add_ssh_keys: { fingerprints: ['$FP'], name: 'variable' } },
      { add_ssh_keys: { fingerprints: ['aa:bb'], name: 'unknown', when: 'always' } },
      say('none', 'ls -A ~/.ssh 2>/dev/null || true', { when: 'always' }),
    ],
    status: 'failed',
    ran: ['variable failed 1', 'unknown failed 1', 'none success 0'],
    says: { variable: /fingerprint \$FP\n/, unknown: /fingerprint aa:bb\n/, none: '' },
  },
  'keys-without-ssh': {
    numbers: [],
    image: 'busybox',
    steps: ['add_ssh_keys', say('list', 'ls /root/.ssh | wc -l; echo "${SSH_AUTH_SOCK-unset}"')],
    says: { 'Installing additional ssh keys': /no ssh-agent/, list: '3\nunset\n' },
  },
}
