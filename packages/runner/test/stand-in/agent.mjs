// The least that behaves like an agent: `run DIR` executes the run steps of the spec, `wait DIR` does so when it is told, `drain DIR` ends the task.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const [mode, directory = '.', , reason = 'drained'] = process.argv.slice(2)
const spool = join(directory, 'spool', 'events')

/**
 * @param {string} method
 * @param {string} path
 * @param {string | Buffer} [body]
 * @returns {Promise<{ status: number, text: string }>}
 */
function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: join(directory, 'gateway.sock'), method, path }, (incoming) => {
      /** @type {Buffer[]} */
      const chunks = []
      incoming.on('data', (chunk) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/**
 * Nobody at the gateway, or no server behind it: again, until somebody answers.
 *
 * @param {string} method
 * @param {string} path
 * @param {string | Buffer} [body]
 */
async function insist(method, path, body) {
  for (;;) {
    try {
      const answer = await call(method, path, body)
      if (answer.status === 410) process.exit(75)
      if (answer.status < 500) return answer.text
    } catch {
      // a test that has ended removed the directory: nobody will ever answer
      if (!existsSync(directory)) process.exit(75)
    }
    await delay(50)
  }
}

function spooled() {
  try {
    return JSON.parse(readFileSync(spool, 'utf8'))
  } catch {
    return []
  }
}

/**
 * Written before sent: whoever comes after us can send all of them again.
 *
 * @param {Record<string, unknown>} event
 */
async function report(event) {
  const events = spooled()
  events.push({ seq: events.length + 1, at: new Date().toISOString(), ...event })
  writeFileSync(spool, JSON.stringify(events))
  await insist('POST', '/events', JSON.stringify({ source: 'agent', events }))
}

/**
 * @param {number} step
 * @param {string} command
 * @param {string} shell
 */
async function runStep(step, command, shell) {
  await report({ type: 'step.started', step, attempt: 0, name: command, kind: 'run' })
  const child = spawn(shell, ['-c', command], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  const hash = createHash('sha256')
  let bytes = 0
  /** @type {Promise<unknown>} */
  let sending = Promise.resolve()
  /** @param {Buffer} chunk */
  const send = (chunk) => {
    hash.update(chunk)
    const offset = bytes
    bytes += chunk.length
    sending = sending.then(() => insist('PUT', `/logs/${step}/0?offset=${offset}`, chunk))
  }
  child.stdout.on('data', send)
  child.stderr.on('data', send)
  let canceled = false
  let over = false
  const watch = async () => {
    while (!over) {
      const { command: order } = JSON.parse(await insist('POST', '/renew', JSON.stringify({ waitS: 5 })))
      if (order !== 'cancel' || over) continue
      canceled = true
      child.kill('SIGKILL')
      return
    }
  }
  void watch()
  const exitCode = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 137)))
  over = true
  await sending
  const status = canceled ? 'canceled' : exitCode === 0 ? 'success' : 'failed'
  const log = { bytes, lines: 0, sha256: hash.digest('hex') }
  await report({ type: 'step.ended', step, attempt: 0, status, exitCode, log })
  return status
}

/** @type {string | undefined} */
let asked
if (mode === 'wait') {
  // The end of the connection without an answer: nobody needs this place.
  const answer = await call('GET', '/spec').catch(() => process.exit(0))
  asked = answer.text
}
if (mode === 'drain') {
  const isFailed = process.argv.includes('--failed')
  await report({ type: 'task.ended', outcome: isFailed ? 'failed' : 'infrastructure_fail', reason })
  process.exit(0)
}
mkdirSync(join(directory, 'spool'), { recursive: true })
const spec = JSON.parse(asked ?? (await insist('GET', '/spec')))
let outcome = 'success'
for (const [index, step] of spec.steps.entries()) {
  const status = await runStep(101 + index, step.command, '/bin/sh')
  if (status === 'success') continue
  outcome = status
  break
}
await report({ type: 'task.ended', outcome })
process.exit(0)
