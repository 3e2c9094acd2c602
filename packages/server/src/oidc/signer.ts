import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeOnce } from '../keys.ts'

/** Signs the tokens that jobs show to others, and shows the key that verifies them. */
export interface Signer {
  /** A JWT (RS256) of the claims. */
  sign(claims: Record<string, unknown>): Promise<string>
  /** RFC 7517, public part alone. */
  readonly jwk: { kty: string; n: string; e: string; kid: string; alg: 'RS256'; use: 'sig' }
}

/**
 * Reads `<dataDir>/oidc-key.pem`, or makes it (0600). An operator may put an RSA key of their own there. Whoever trusts
 * our tokens knows this key by its address: losing it costs no more than the tokens of the last hour.
 */
export async function loadSigner(dataDir: string): Promise<Signer> {
  const path = join(dataDir, 'oidc-key.pem')
  const text = (await readKey(path)) ?? (await makeKey(dataDir, path))
  const key = parseKey(path, text)
  const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' })
  // RFC 7638: the members in this order.
  const kid = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')
  const head = encode({ alg: 'RS256', typ: 'JWT', kid })
  return {
    jwk: { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' },
    async sign(claims) {
      const text = `${head}.${encode(claims)}`
      return `${text}.${(await signature(Buffer.from(text), key)).toString('base64url')}`
    },
  }
}

/** In the thread pool: a signature takes about a millisecond. */
function signature(bytes: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', bytes, key, (error, made) => (error ? reject(error) : resolve(made)))
  })
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function parseKey(path: string, text: string): KeyObject {
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return key
  } catch {
    // No cause: the parser's message could quote key material.
  }
  throw new Error(`${path} is no RSA key of 2048 bits or more; restore it, or remove it to have a new one made`)
}

async function readKey(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function makeKey(dataDir: string, path: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await writeOnce(path, String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  return readFile(path, 'utf8')
}
