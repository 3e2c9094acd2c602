import { createHash } from 'node:crypto'
import { OrreryError } from '@orrery/protocol'

export interface ParsedSshKey {
  /** `<type> <base64>` as in authorized_keys. */
  publicKey: string
  fingerprintMd5: string
  fingerprintSha256: string
}

const longestKey = 64 * 1024

/**
 * Reads a private key without passphrase, in OpenSSH's or PEM form. Throws ORY_BAD_REQUEST with a sentence that holds
 * nothing of the key.
 */
export async function parseSshKey(text: string): Promise<ParsedSshKey> {
  if (text.length > longestKey) throw new OrreryError('ORY_BAD_REQUEST', ['private_key is too long for a key'])
  const { default: ssh2 } = await import('ssh2')
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) {
    const encrypted = /passphrase|encrypted/i.test(parsed.message)
    const sentence = encrypted ? 'private_key has a passphrase; keys of jobs cannot have one' : notAKey
    throw new OrreryError('ORY_BAD_REQUEST', [sentence])
  }
  if (!parsed.isPrivateKey()) throw new OrreryError('ORY_BAD_REQUEST', [notAKey])
  const blob = parsed.getPublicSSH()
  const md5 = createHash('md5').update(blob).digest('hex')
  return {
    publicKey: `${parsed.type} ${blob.toString('base64')}`,
    fingerprintMd5: md5.match(/../g)?.join(':') ?? '',
    fingerprintSha256: createHash('sha256').update(blob).digest('base64').replace(/=+$/, ''),
  }
}

const notAKey = 'private_key is not a private key in OpenSSH or PEM form'
