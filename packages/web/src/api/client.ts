/** What the server said when it refused, or what kept us from asking. */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly help: string | undefined

  constructor(status: number, message: string, help?: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ApiError'
    this.status = status
    this.help = help
  }
}

const unreachable = 'The server does not answer.'

async function send(path: string, init: RequestInit): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (error) {
    throw new ApiError(0, unreachable, 'Check that it runs and that you are online.', { cause: error })
  }
  const text = await response.text()
  const body = parse(text)
  if (response.ok) return body
  throw new ApiError(
    response.status,
    field(body, 'message') ?? `The server answered ${response.status}.`,
    field(body, 'help'),
  )
}

/** Proxies answer with HTML: what is no JSON is nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const value: unknown = Reflect.get(body, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Reads `/api/private` + path. Throws `ApiError`. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { headers: { accept: 'application/json' } }
  if (signal !== undefined) init.signal = signal
  return (await send(`/api/private${path}`, init)) as T
}

/** Sends an action; the extra header is what a foreign page cannot send. Throws `ApiError`. */
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/json', 'x-orrery': '1' }
  return (await send(path, { method: 'POST', headers, body: JSON.stringify(body) })) as T
}
