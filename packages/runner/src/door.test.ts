import { mkdtemp, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Answers, type Door, openDoor } from './door.ts'

let directory: string
let socketPath: string
let door: Door
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'door-'))
  socketPath = join(directory, 'gateway.sock')
  door = await openDoor(socketPath)
})
afterEach(async () => {
  await door.close()
  await rm(directory, { recursive: true })
})

const echo: Answers = {
  request: (incoming, outgoing) => void outgoing.end(`${incoming.method} ${incoming.url}`),
  upgrade: (_, socket) => void socket.end('upgraded'),
}

function ask(path: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => resolve({ status: incoming.statusCode, text: Buffer.concat(chunks).toString() }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

it('holds the first question for a task until there is one, and answers nothing else', async () => {
  const held = ask('/spec')
  await door.asked

  expect(await ask('/events')).toMatchObject({ status: 503 })
  expect(await ask('/spec')).toMatchObject({ status: 503 })
  expect(await ask('/place/remote-docker')).toMatchObject({ status: 503 })

  door.give(echo)
  expect(await held).toEqual({ status: 200, text: 'GET /spec' })
  expect(await ask('/events')).toEqual({ status: 200, text: 'GET /events' })
})

it('hangs up on upgrades until there is a task', async () => {
  const upgrade = (): Promise<string> =>
    new Promise((resolve) => {
      let text = ''
      const socket = connect(socketPath)
      socket.on('data', (chunk) => (text += chunk))
      socket.on('close', () => resolve(text))
      socket.write('GET /ssh HTTP/1.1\r\nhost: gateway\r\nconnection: upgrade\r\nupgrade: ssh\r\n\r\n')
    })
  expect(await upgrade()).toBe('')

  door.give(echo)
  expect(await upgrade()).toBe('upgraded')
})

it('knows that the one who asked has gone', async () => {
  const outgoing = request({ socketPath, path: '/spec' })
  outgoing.on('error', () => undefined)
  outgoing.end()
  await door.asked
  expect(door.deserted).toBe(false)

  outgoing.destroy()
  while (!door.deserted) await new Promise((resolve) => setTimeout(resolve, 5))
})

it('ends the question without an answer when it is closed, and removes its socket', async () => {
  const held = ask('/spec')
  await door.asked
  await Promise.all([expect(held).rejects.toThrow('hang up'), door.close()])

  await expect(stat(socketPath)).rejects.toThrow('ENOENT')
  await door.close()
})
