import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Orrery } from './kit/orrery.ts'

const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
let server: Orrery

beforeAll(async () => {
  server = await Orrery.start({ command: 'server' })
  await (await server.client()).addProject({ name: 'acme/shop' })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

async function project(...args: string[]): Promise<string> {
  const env = { ...process.env, ORRERY_TOKEN: await server.token() }
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'project', ...args, '--server', server.url], {
    env,
  })
  return stdout
}

it('shows and changes what a project allows', async () => {
  expect(await project('settings', 'acme/shop')).toBe('ssh-reruns\tallowed\nfork-caches\town\n')

  const changed = await project('settings', 'acme/shop', '--ssh-reruns', 'forbidden', '--json')

  expect(JSON.parse(changed)).toEqual({ disableSsh: true, forksReadCaches: false })
  expect(await project('settings', 'local/acme/shop', '--fork-caches', 'shared')).toBe(
    'ssh-reruns\tforbidden\nfork-caches\tshared\n',
  )
})

it('purges the Docker layers of a project', async () => {
  expect(await project('purge-layers', 'acme/shop')).toBe(
    'The Docker layers of local/acme/shop are purged: its next builds find none.\n',
  )
})

it('tells which project is none', async () => {
  await expect(project('purge-layers', 'acme/none')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^orrery: Project acme\/none not found/),
  })
})
