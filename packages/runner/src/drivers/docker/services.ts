import type Docker from 'dockerode'
import type { ServicePlace } from '../driver.ts'
import { engineStatus } from './client.ts'
import { containerExit, untilAnswered } from './exits.ts'

/** A service container as the runner sees it. `open` collects the log readers that are under way. */
export function servicePlace(docker: Docker, id: string, image: string, open: Set<Promise<void>>): ServicePlace {
  return {
    image,
    exited: containerExit(docker, id),
    logs: (signal) => tracked(readLogs(docker, id, signal), open),
  }
}

async function* readLogs(docker: Docker, id: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const container = docker.getContainer(id)
  try {
    const { State } = await container.inspect()
    // It never ran, for example because its command does not exist: the engine's reason is all the output there is.
    if (State.Status === 'created') {
      yield Buffer.from(`${State.Error === '' ? 'the container was not started' : State.Error}\n`)
      return
    }
    for (let sent = 0, isTorn = true; isTorn; ) {
      isTorn = false
      try {
        const stream = await container.logs({ follow: true, stdout: true, stderr: true, abortSignal: signal })
        let at = 0
        for await (const part of frames(stream)) {
          const fresh = part.subarray(Math.max(0, sent - at))
          at += part.length
          sent = Math.max(sent, at)
          if (fresh.length > 0) yield fresh
        }
      } catch (error) {
        if (signal.aborted || engineStatus(error) !== undefined) throw error
        // The engine went away in the middle. It is read again when it is back, and what is known is left out.
        await untilAnswered(() => container.inspect(), undefined)
        isTorn = true
      }
    }
  } catch (error) {
    if (!signal.aborted && engineStatus(error) !== 404) throw error
  }
}

/** Takes the engine's multiplexed stream apart: 8 bytes of header (stream, 3 × 0, length), then the bytes. */
export async function* frames(
  stream: AsyncIterable<string | Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0)
  let wanted = 0
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, Buffer.from(chunk)])
    while (rest.length > 0) {
      if (wanted === 0) {
        if (rest.length < 8) break
        wanted = rest.readUInt32BE(4)
        rest = rest.subarray(8)
        continue
      }
      const part = rest.subarray(0, wanted)
      rest = rest.subarray(part.length)
      wanted -= part.length
      yield part
    }
  }
}

/** Registers the reader for as long as it runs, so that a container is not removed under its last lines. */
async function* tracked(source: AsyncGenerator<Uint8Array>, open: Set<Promise<void>>): AsyncGenerator<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<void>()
  open.add(promise)
  try {
    yield* source
  } finally {
    open.delete(promise)
    resolve()
  }
}
