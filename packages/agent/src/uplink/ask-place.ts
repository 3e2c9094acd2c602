import { type Connection, messageOf, parseReply } from './connection.ts'

/** Asks the runner for something that concerns the place itself: the answer's body, or an Error with its message. */
export async function askPlace(
  connection: Connection,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const reply = await connection.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    // Images may have to be pulled.
    idleMs: 600_000,
    signal,
  })
  if (reply.status !== 200) throw new Error(messageOf(reply))
  return parseReply(reply)
}
