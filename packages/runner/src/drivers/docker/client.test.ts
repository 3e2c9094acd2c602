import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect } from './client.ts'

// Who has an engine at a place that comes first cannot see the others being found.
const hasEngine = ['/var/run/docker.sock', '/run/podman/podman.sock'].some((path) => existsSync(path))

let home: string
const servers: Server[] = []
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'client-'))
  vi.stubEnv('HOME', home)
  vi.stubEnv('DOCKER_HOST', undefined)
  vi.stubEnv('XDG_RUNTIME_DIR', join(home, 'runtime'))
  vi.stubEnv('ORRERY_ENGINE_DIR', join(home, 'own'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) server.close()
  await rm(home, { recursive: true })
})

/** Something that answers as an engine does when it is asked whether it is there. */
async function engineAt(path: string, name: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const server = createServer((_, response) => response.end(name))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(path, resolve))
}

const found = async () => String(await connect(undefined).ping())

describe.skipIf(hasEngine)('an engine that nobody has named', () => {
  it('is the one that our own set-up has started, where there is no other', async () => {
    await engineAt(join(home, 'own/docker.sock'), 'own')
    expect(await found()).toBe('own')

    await engineAt(join(home, 'runtime/podman/podman.sock'), 'podman')
    expect(await found()).toBe('podman')

    await engineAt(join(home, '.docker/run/docker.sock'), 'desktop')
    expect(await found()).toBe('desktop')

    await engineAt(join(home, 'runtime/docker.sock'), 'rootless')
    expect(await found()).toBe('rootless')
  })

  it('is looked for only where DOCKER_HOST names none', async () => {
    await engineAt(join(home, 'own/docker.sock'), 'own')
    await engineAt(join(home, 'named.sock'), 'named')
    vi.stubEnv('DOCKER_HOST', `unix://${join(home, 'named.sock')}`)

    expect(await found()).toBe('named')
  })
})
