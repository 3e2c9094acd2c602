import { createHash } from 'node:crypto'
import { OrreryError } from '@orrery/protocol'

/** Kinds of keys that an agent's SSH server can check. DSA and RSA of the old signature are nobody's wish any more. */
const kinds: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
])
const longestKey = 16 * 1024

export interface SshKey {
  /** `<type> <base64>`, without comment. */
  publicKey: string
  /** As `ssh-keygen -l` prints it. */
  fingerprint: string
  comment: string
}

/** One line of an `authorized_keys` file, without options. ORY_BAD_REQUEST for everything else, private keys included. */
export function parseSshKey(text: string): SshKey {
  const [kind = '', data = '', ...comment] = text.trim().split(/[ \t]+/)
  if (text.includes('PRIVATE KEY'))
    throw new OrreryError('ORY_BAD_REQUEST', ['this is a private key; send the .pub file'])
  if (text.length > longestKey || /[\r\n]/.test(text.trim()) || !kinds.has(kind)) throw notAKey()
  const blob = Buffer.from(data, 'base64')
  const name = blob.subarray(4, 4 + kind.length).toString('latin1')
  const isKey = blob.length > 4 + kind.length && blob.readUInt32BE(0) === kind.length && name === kind
  if (!isKey || blob.toString('base64') !== data) throw notAKey()
  const hash = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  return { publicKey: `${kind} ${data}`, fingerprint: `SHA256:${hash}`, comment: comment.join(' ') }
}

function notAKey(): OrreryError {
  return new OrreryError('ORY_BAD_REQUEST', ['this is no SSH public key (Ed25519, ECDSA or RSA, one line)'])
}
