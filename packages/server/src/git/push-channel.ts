import type { Duplex } from 'node:stream'

/** One ref that a push created, moved or deleted. */
export interface RefUpdate {
  ref: string
  /** Forty zeros when the ref is new. */
  before: string
  /** Forty zeros when the ref is gone. */
  after: string
}

export interface PushListener {
  /** Refs are about to change. Must be durable when it resolves; a rejection refuses the push. */
  announced(updates: RefUpdate[]): Promise<void>
  /** Refs have changed; what is written is shown on the screen of the person who pushes. */
  done(updates: RefUpdate[], write: (text: string) => void): Promise<void>
}

const updateLine = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/\S{1,1000})$/
/** A push of a very large mirror stays far below this. */
const maxBytes = 64 * 1024 * 1024

/** Answers the two hooks of one push over their socket (hooks.ts says what they send). */
export function listenToPush(channel: Duplex, listener: PushListener, onError: (error: unknown) => void): void {
  let text = ''
  channel.setEncoding('utf8')
  channel.on('error', onError)
  channel.on('data', (chunk: string) => {
    text += chunk
    if (text.length > maxBytes) channel.destroy()
    if (!text.endsWith('\ndone\n')) return
    const [hook, ...lines] = text.trimEnd().split('\n').slice(0, -1)
    text = ''
    const updates = lines.flatMap(parseUpdate)
    answer(hook ?? '', updates, channel, listener).catch((error: unknown) => {
      onError(error)
      channel.end(hook === 'post-receive' ? 'Orrery could not handle this push; see the server log.\n' : 'stop\n')
    })
  })
}

async function answer(hook: string, updates: RefUpdate[], channel: Duplex, listener: PushListener): Promise<void> {
  if (hook === 'pre-receive') {
    await listener.announced(updates)
    channel.write('go\n')
    return
  }
  await listener.done(updates, (text) => void channel.write(text))
  channel.end()
}

function parseUpdate(line: string): RefUpdate[] {
  const match = updateLine.exec(line)
  if (!match) return []
  const [, before, after, ref] = match as unknown as [string, string, string, string]
  return [{ before, after, ref }]
}
