import { setTimeout as delay } from 'node:timers/promises'
import type { ResourceClass } from '@orrery/protocol'
import type Docker from 'dockerode'
import { z } from 'zod'
import { engineMessage, engineStatus } from './client.ts'
import { parseReference } from './image-map.ts'

/** Pauses before the second, third and fourth try, ms (spec: execution.md 4.5). */
const pausesMs = [300, 1_000, 3_000]

/**
 * Pulls with progress lines in `log`. Transient errors are tried again three times; a refusal (401, 403, 404) is not.
 * When the registry has no variant for `arch`, the engine's own choice is taken (spec: execution.md 2.4).
 */
export async function pullImage(
  docker: Docker,
  image: string,
  auth: Docker.AuthConfigObject | undefined,
  arch: ResourceClass['arch'],
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let platform: string | undefined = `linux/${arch}`
  for (let attempt = 0; ; attempt++) {
    try {
      return await pullOnce(docker, image, auth, platform, log, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (platform !== undefined && isWrongPlatform(error)) {
        log(`  warning: the registry has no ${platform} variant of this image\n`)
        platform = undefined
        continue
      }
      const pause = pausesMs[attempt]
      if (pause === undefined || isFinalRefusal(error)) throw error
      log(`  pull failed (${firstLine(error)}), trying again\n`)
      await delay(pause, undefined, { signal })
    }
  }
}

/** A registry that said no: asking again, or using somebody else's copy, would be wrong. */
export function isFinalRefusal(error: unknown): boolean {
  const text = engineMessage(error)
  if (/toomanyrequests|too many requests/i.test(text)) return false
  const status = engineStatus(error)
  if (status === 401 || status === 403 || status === 404 || status === 400) return true
  return refusals.test(text)
}

/** The engine answers 500 and says why in words; a stream has no status at all. */
const refusals =
  /unauthorized|denied|authentication required|authorization failed|no basic auth|incorrect username|manifest unknown|name unknown|not found|does not exist|HTTP 40[134]\b/i

function isWrongPlatform(error: unknown): boolean {
  return /no matching manifest|does not match the specified platform/i.test(engineMessage(error))
}

function firstLine(error: unknown): string {
  return engineMessage(error).split('\n', 1)[0] ?? ''
}

async function pullOnce(
  docker: Docker,
  image: string,
  auth: Docker.AuthConfigObject | undefined,
  platform: string | undefined,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { repository, tag, digest } = parseReference(image)
  // Without a tag the engine would pull every tag of the repository.
  const options = {
    fromImage: repository,
    tag: digest ?? tag ?? 'latest',
    ...(platform === undefined ? {} : { platform }),
    ...(auth === undefined ? {} : { authconfig: auth }),
    abortSignal: signal,
  }
  const stream = auth === undefined ? await docker.createImage(options) : await docker.createImage(auth, options)
  let rest = ''
  for await (const chunk of stream) {
    rest += chunk.toString()
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) progress(line, log)
  }
  progress(rest, log)
}

const Progress = z.object({ status: z.string().optional(), id: z.string().optional(), error: z.string().optional() })

/** HTTP 200 does not mean success: errors come as a message in the stream. Bars are left out, layers that are done stay. */
function progress(line: string, log: (text: string) => void): void {
  if (line.trim() === '') return
  const { status, id, error } = Progress.parse(JSON.parse(line))
  if (error !== undefined) throw new Error(error)
  if (status === undefined) return
  if (id === undefined) log(`  ${status}\n`)
  else if (status === 'Pull complete' || status === 'Already exists') log(`  ${id}: ${status}\n`)
}
