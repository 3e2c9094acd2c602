import { request } from 'node:http'
import { SetupError } from './progress.mjs'

/**
 * A container engine's API over its socket, without a client program: enough to probe, import, build and pull.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {import('node:http').IncomingMessage} body
 */

/**
 * How node:http reaches a `DOCKER_HOST`.
 * @param {string} dockerHost `unix:///path`, `tcp://host:port` or `http://host:port`
 * @returns {import('node:http').RequestOptions}
 */
function connectOptions(dockerHost) {
  if (dockerHost.startsWith('unix://')) return { socketPath: dockerHost.slice('unix://'.length) }
  const url = /^(?:tcp|http):\/\//.test(dockerHost) ? new URL(dockerHost.replace(/^tcp:/, 'http:')) : undefined
  if (!url) throw new SetupError(`DOCKER_HOST=${dockerHost}: only unix://, tcp:// and http:// are known here.`)
  return { host: url.hostname, port: url.port || 2375 }
}

/**
 * One request; resolves when the answer's headers are there.
 * @param {string} dockerHost
 * @param {string} method
 * @param {string} path
 * @param {{ body?: NodeJS.ReadableStream, contentType?: string, timeoutMs?: number }} [options]
 * @returns {Promise<Answer>}
 */
function send(dockerHost, method, path, options = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...connectOptions(dockerHost),
      method,
      path,
      headers: options.contentType ? { 'content-type': options.contentType } : {},
      // A connection of its own: the shared agent closes sockets that are silent for 5 s, as a long build's is.
      agent: false,
      timeout: options.timeoutMs ?? 0,
    })
    outgoing.on('response', (body) => resolve({ status: body.statusCode ?? 0, body }))
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${options.timeoutMs} ms`)))
    outgoing.on('error', reject)
    if (!options.body) return outgoing.end()
    // Else with the first byte, which a slow program may print after the five minutes that Docker waits for a request.
    outgoing.flushHeaders()
    options.body.on('error', (error) => outgoing.destroy(error))
    options.body.pipe(outgoing)
  })
}

/**
 * Does an engine answer there?
 * @param {string} dockerHost
 * @returns {Promise<{ answers: true } | { answers: false, reason: string, code?: string }>}
 */
export async function ping(dockerHost) {
  try {
    const { status, body } = await send(dockerHost, 'GET', '/_ping', { timeoutMs: 3000 })
    const text = await readText(body)
    return status === 200
      ? { answers: true }
      : { answers: false, reason: `it answered ${status} ${text.slice(0, 200)}` }
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    return { answers: false, reason: message || String(code), code }
  }
}

/**
 * @param {string} dockerHost
 * @returns {Promise<string>} e.g. `Docker 20.10.24` or `Podman 4.3.1`
 */
export async function engineName(dockerHost) {
  const { body } = await send(dockerHost, 'GET', '/version', { timeoutMs: 10_000 })
  const { Version, Components } = JSON.parse(await readText(body))
  const podman = Components?.some((/** @type {{ Name: string }} */ part) => part.Name.startsWith('Podman'))
  return `${podman ? 'Podman' : 'Docker'} ${String(Version).replace(/\+.*/, '')}`
}

/**
 * An image's labels, or undefined when the engine hasn't the image.
 * @param {string} dockerHost
 * @param {string} image
 * @returns {Promise<Record<string, string> | undefined>}
 */
export async function imageLabels(dockerHost, image) {
  const { status, body } = await send(dockerHost, 'GET', `/images/${encodeURI(image)}/json`)
  const text = await readText(body)
  if (status === 404) return undefined
  if (status !== 200) throw new SetupError(`The engine doesn't tell about image ${image}: ${status} ${text}`)
  return JSON.parse(text).Config?.Labels ?? {}
}

/**
 * A request whose answer is a stream of JSON messages (build, import, pull). Status 200 doesn't mean success: the
 * error comes as a message.
 * @param {string} dockerHost
 * @param {string} path
 * @param {NodeJS.ReadableStream} [body]
 * @throws {SetupError} with the engine's message and the last lines of what it printed
 */
export async function followStream(dockerHost, path, body) {
  const { answer, text } = await send(dockerHost, 'POST', path, { body, contentType: body && 'application/x-tar' })
    .then(async (answer) => ({ answer, text: await readText(answer.body) }))
    .catch((/** @type {NodeJS.ErrnoException} */ { code, message }) => {
      throw new SetupError(`The container engine at ${dockerHost} broke off: ${message || code}`)
    })
  /** @type {string[]} */
  const printed = []
  let failure = answer.status === 200 ? undefined : text
  for (const line of text.split('\n').filter((line) => line.startsWith('{'))) {
    const message = parseMessage(line)
    if (message.stream) printed.push(message.stream)
    failure ??= message.error
  }
  if (failure === undefined) return
  const shown = printed.join('').trimEnd().split('\n').slice(-20).join('\n')
  throw new SetupError(`${failure.trim()}\n${shown}`.trim())
}

/**
 * @param {string} line
 * @returns {{ stream?: string, error?: string }}
 */
function parseMessage(line) {
  try {
    return JSON.parse(line)
  } catch {
    return { stream: line }
  }
}

/**
 * @param {NodeJS.ReadableStream} stream
 * @returns {Promise<string>}
 */
export async function readText(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}
