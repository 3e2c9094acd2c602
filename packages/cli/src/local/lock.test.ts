import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockDirectory } from './lock.ts'

it('keeps a second process out until the first lets go', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-lock-'))
  const unlock = await lockDirectory(directory)

  await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'ORY_CONFLICT' })

  await unlock()
  await (await lockDirectory(directory))()
})

it('is free again after its holder was killed with SIGKILL', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-lock-'))
  const module = new URL('./lock.ts', import.meta.url).href
  const script = `await (await import(${JSON.stringify(module)})).lockDirectory(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1e6)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'ORY_CONFLICT' })

  holder.kill('SIGKILL')
  await once(holder, 'exit')

  await (await lockDirectory(directory))()
})
