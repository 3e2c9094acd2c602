import { createHash } from 'node:crypto'
import type { SshKey } from '@orrery/protocol'

/** MD5 as `aa:bb:…` with or without its prefix, SHA-256 as `SHA256:…` with or without padding (spec: execution.md 10.7). */
export function hasFingerprint(key: SshKey, text: string): boolean {
  const sha256 = /^sha256:(?<print>[A-Za-z0-9+/]+)=*$/i.exec(text)?.groups?.['print']
  if (sha256 !== undefined) return key.fingerprintSha256.replace(/^SHA256:|=+$/g, '') === sha256
  return text.replace(/^md5:/i, '').toLowerCase() === key.fingerprintMd5
}

/** MD5 as `aa:bb:…` of a public key in the form `ssh-ed25519 AAAA… comment`; empty when it is none. */
export function md5Fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64')
  if (blob.length === 0) return ''
  return createHash('md5')
    .update(blob)
    .digest('hex')
    .replaceAll(/(..)(?!$)/g, '$1:')
}
