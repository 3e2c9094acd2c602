import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const supervise = fileURLToPath(new URL('supervise.ts', import.meta.url))
const child = `
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
    console.log(signal)
    if (signal === 'SIGTERM') setTimeout(() => process.exit(), 200)
  })
  process.stdin.on('end', () => process.exit())
  process.stdin.resume()
  console.log('ready')`
const parent = `
  import { supervise } from ${JSON.stringify(supervise)}
  const child = supervise(process.execPath, ['-e', ${JSON.stringify(child)}], { environment: process.env, onRestart() {} })
  process.on('SIGINT', () => void child.stop().then(() => process.exit()))`

it('a Ctrl-C in the terminal reaches the parent alone, which ends its child by one signal', async () => {
  const group = spawn(process.execPath, ['--input-type=module', '-e', parent], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  group.stdout.setEncoding('utf8')
  const ready = new Promise<void>((resolve) => {
    group.stdout.on('data', (text: string) => {
      said += text
      if (said.includes('ready')) resolve()
    })
  })
  await ready

  process.kill(-(group.pid ?? 0), 'SIGINT')
  await once(group, 'close')

  expect(said).toBe('ready\nSIGTERM\n')
})
