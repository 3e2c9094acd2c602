import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** Seals values at rest. `owner` is bound into the seal: a row copied to another owner does not open. */
export interface SecretBox {
  seal(owner: string, value: string): Buffer
  /** Throws when the value was sealed with another key or for another owner, or was changed. */
  open(owner: string, sealed: Buffer): string
}

const version = 1
const keyIdBytes = 4
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + keyIdBytes + nonceBytes + tagBytes

/**
 * AES-256-GCM. Layout: version (1), key id (4, from the key's hash), nonce (12), tag (16), ciphertext. The key id tells
 * a wrong key from a damaged row and leaves room for a change of keys.
 */
export function createSecretBox(key: Buffer): SecretBox {
  if (key.length !== 32) throw new TypeError('the secret key must have 32 bytes')
  const keyId = createHash('sha256').update('orrery key id').update(key).digest().subarray(0, keyIdBytes)

  return {
    seal(owner, value) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner))
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(version), keyId, nonce, cipher.getAuthTag(), text])
    },
    open(owner, sealed) {
      if (sealed.length < headBytes || sealed[0] !== version) throw new Error('a sealed value has an unknown form')
      if (!sealed.subarray(1, 1 + keyIdBytes).equals(keyId)) throw new Error('a value was sealed with another key')
      const nonce = sealed.subarray(1 + keyIdBytes, 1 + keyIdBytes + nonceBytes)
      const tag = sealed.subarray(headBytes - tagBytes, headBytes)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(owner)).setAuthTag(tag)
      return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString('utf8')
    },
  }
}

/** Owner names of what is sealed. */
export const secretOwner = {
  project: (projectId: string, name: string): string => `project:${projectId}:${name}`,
  sshKey: (projectId: string, fingerprint: string): string => `ssh-key:${projectId}:${fingerprint}`,
  continuation: (pipelineId: string): string => `continuation:${pipelineId}`,
  context: (contextId: string, name: string): string => `context:${contextId}:${name}`,
} as const
