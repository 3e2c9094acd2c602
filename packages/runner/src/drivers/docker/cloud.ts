import { setTimeout as delay } from 'node:timers/promises'

/** Pauses before the second, third and fourth try, ms (spec: execution.md 4.5). */
const pausesMs = [300, 1_000, 3_000]
const patienceMs = 10_000
/** Answers with a login are of about 4 kB. */
const longestAnswer = 64 * 1024

/** A cloud could not be asked for a login, which says nothing about who asks. */
export class CloudUnreachable extends Error {}

/** Tries again what fails with CloudUnreachable, after pauses. */
export async function persistently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      signal.throwIfAborted()
      const pause = pausesMs[attempt]
      if (pause === undefined || !(error instanceof CloudUnreachable)) throw error
      await delay(pause, undefined, { signal })
    }
  }
}

/** What a cloud answers to one request. `text`: bounded. */
export interface CloudAnswer {
  ok: boolean
  status: number
  text: string
}

/** Sends secrets in headers and body alone: addresses are written into logs. Throws CloudUnreachable. */
export async function postToCloud(
  url: URL,
  headers: Record<string, string>,
  body: string | URLSearchParams,
  signal: AbortSignal,
): Promise<CloudAnswer> {
  const timely = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal: timely })
    return { ok: answer.ok, status: answer.status, text: (await answer.text()).slice(0, longestAnswer) }
  } catch (error) {
    throw new CloudUnreachable(`${url.host} does not answer`, { cause: error })
  }
}

/** Will the same question be answered later? */
export function isPassing({ status }: CloudAnswer): boolean {
  return status >= 500 || status === 429
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Clouds may quote what they were given. */
export function redacted(text: string, secrets: readonly (string | undefined)[]): string {
  return secrets.reduce<string>((rest, secret) => (secret ? rest.replaceAll(secret, '**REDACTED**') : rest), text)
}
