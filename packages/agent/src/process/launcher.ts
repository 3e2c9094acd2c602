import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'

/** What to start, on which terminal. */
export interface LaunchOrder {
  /** Path under which the terminal can be opened. */
  terminal: string
  /** Absolute path of the program. */
  path: string
  argv: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
}

/** How a program ended: as a shell would tell it, or why the system did not start it. */
export type ProgramExit = { exitCode: number } | { error: Error }

export interface Launched {
  /** Leads the program's session; the program is another process. */
  pid: number
  /** Never rejects. */
  exited: Promise<ProgramExit>
}

/** The four numbers of a report. */
const reportBytes = 16
const started = 1
const refused = 3
/** What launch.c takes; Linux takes less. */
const longestOrder = 8 * 1024 * 1024

interface Order {
  number: number
  pid: number | undefined
  started: PromiseWithResolvers<number>
  exited: PromiseWithResolvers<ProgramExit>
}

/**
 * The small process that starts all programs of this agent; native/launch.c says why, and describes the messages. When a
 * job kills it, what runs goes on and its ends are still known; only `usable` tells.
 */
export class Launcher {
  readonly #child: ChildProcess
  readonly #socket: Socket
  /** Those that have not ended, by their numbers. */
  readonly #orders = new Map<number, Order>()
  #last = 0
  #unread = Buffer.alloc(0)
  #usable = true

  /** `program`: the path of launch.c's result. @throws the system's error when it cannot be started. */
  constructor(program: string) {
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe'] as const
    this.#child = spawn(program, [], { cwd: '/', env: {}, detached: true, stdio: [...stdio] })
    const socket = this.#child.stdio[3]
    if (this.#child.pid === undefined || !(socket instanceof Socket)) throw new Error(`${program} cannot be started`)
    this.#socket = socket
    this.#child.on('exit', () => {
      this.#usable = false
      // Leaders keep the connection open, but nobody reads orders any more; what was reported before is read first.
      setImmediate(() => this.#lose((order) => order.pid === undefined))
    })
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('error', () => undefined)
    // All leaders have gone with it.
    socket.on('close', () => this.#lose(() => true))
    this.#child.unref()
    socket.unref()
  }

  /** False once it has been killed: then another one has to be started. */
  get usable(): boolean {
    return this.#usable
  }

  /** Resolves when the program's session is there. Rejects with the system's error. */
  async launch(order: LaunchOrder): Promise<Launched> {
    const number = ++this.#last
    const message = encode(number, order)
    const waiting: Order = { number, pid: undefined, started: Promise.withResolvers(), exited: Promise.withResolvers() }
    this.#orders.set(number, waiting)
    this.#socket.ref()
    this.#socket.write(message)
    return { pid: await waiting.started.promise, exited: waiting.exited.promise }
  }

  #read(bytes: Buffer): void {
    const all = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    let at = 0
    for (; at + reportBytes <= all.length; at += reportBytes) {
      const number = all.readUInt32LE(at + 4)
      const pid = all.readUInt32LE(at + 8)
      // Of a leader that was killed only the pid is known.
      const order = this.#orders.get(number) ?? [...this.#orders.values()].find((one) => one.pid === pid)
      if (order !== undefined) this.#settle(order, all.readUInt32LE(at), pid, all.readUInt32LE(at + 12))
    }
    this.#unread = Buffer.from(all.subarray(at))
  }

  #settle(order: Order, kind: number, pid: number, value: number): void {
    if (kind === refused && pid === 0) order.started.reject(systemError(value))
    order.pid = pid
    order.started.resolve(pid)
    if (kind === started) return
    order.exited.resolve(kind === refused ? { error: systemError(value) } : { exitCode: value })
    this.#orders.delete(order.number)
    if (this.#orders.size === 0) this.#socket.unref()
  }

  /** Gives up these orders: nobody will report about them. */
  #lose(which: (order: Order) => boolean): void {
    for (const order of [...this.#orders.values()].filter(which)) {
      const error = new Error('it was killed')
      order.started.reject(error)
      order.exited.resolve({ error })
      this.#orders.delete(order.number)
    }
  }
}

function encode(number: number, { terminal, cwd, path, argv, env }: LaunchOrder): Buffer {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const texts = [terminal, cwd, path, ...argv, ...variables]
  if (texts.some((text) => text.includes('\0'))) throw new Error('an argument or a variable holds a zero byte')
  const length = 8 + texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0)
  if (length > longestOrder) throw systemError(constants.errno.E2BIG)
  const message = Buffer.allocUnsafe(4 + length)
  message.writeUInt32LE(length, 0)
  message.writeUInt32LE(number, 4)
  message.writeUInt32LE(argv.length, 8)
  message.write(`${texts.join('\0')}\0`, 12)
  return message
}

function systemError(number: number): Error {
  const code = getSystemErrorName(-number)
  return Object.assign(new Error(code), { code })
}
