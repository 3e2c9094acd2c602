import { createHmac, timingSafeEqual } from 'node:crypto'

/** Who a request comes from. */
export type Principal =
  | { kind: 'user'; login: string; admin: boolean }
  | { kind: 'runner'; name: string }
  | { kind: 'task'; taskId: string; epoch: number }

type TokenKind = 'user' | 'runner' | 'task' | 'session'

const shape = /^orrery_(user|runner|task|session)_([\w.-]{1,200})\.([\w-]{43})$/

/**
 * Tokens are signed, not stored: `orrery_<kind>_<id>.<signature>`. The same id gives the same token, so that a restarted
 * `orrery up` prints the login address people already have. What a token may do is decided by its kind alone; a task
 * token is also held against the task's row on each use.
 */
export class Tokens {
  readonly #key: Buffer

  constructor(key: Buffer) {
    this.#key = key
  }

  user(login: string): string {
    return this.#sign('user', encode(login))
  }

  runner(name: string): string {
    return this.#sign('runner', encode(name))
  }

  task(lease: { taskId: string; epoch: number }): string {
    return this.#sign('task', `${lease.taskId}.${lease.epoch}`)
  }

  /** For the cookie only: it ends, and it is not the personal token. */
  session(login: string, expires: Date): string {
    return this.#sign('session', `${encode(login)}.${Math.floor(expires.getTime() / 1000)}`)
  }

  /** Null for anything that this server did not sign. Sessions are accepted only by `verifySession`. */
  verify(token: string): Principal | null {
    const parts = this.#open(token)
    if (!parts || parts.kind === 'session') return null
    if (parts.kind === 'user') return { kind: 'user', login: decode(parts.id), admin: true }
    if (parts.kind === 'runner') return { kind: 'runner', name: decode(parts.id) }
    const [taskId, epoch] = parts.id.split('.')
    if (!taskId || !epoch) return null
    return { kind: 'task', taskId, epoch: Number(epoch) }
  }

  verifySession(cookie: string, now: Date): Principal | null {
    const parts = this.#open(cookie)
    if (parts?.kind !== 'session') return null
    const [login, expires] = parts.id.split('.')
    if (!login || !expires || Number(expires) * 1000 <= now.getTime()) return null
    return { kind: 'user', login: decode(login), admin: true }
  }

  #open(token: string): { kind: TokenKind; id: string } | null {
    const match = shape.exec(token)
    if (!match) return null
    const [, kind, id, signature] = match as unknown as [string, TokenKind, string, string]
    const given = Buffer.from(signature, 'base64url')
    const expected = this.#mac(kind, id)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
    return { kind, id }
  }

  #sign(kind: TokenKind, id: string): string {
    return `orrery_${kind}_${id}.${this.#mac(kind, id).toString('base64url')}`
  }

  #mac(kind: TokenKind, id: string): Buffer {
    return createHmac('sha256', this.#key).update(`${kind}\n${id}`).digest()
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString()
}
