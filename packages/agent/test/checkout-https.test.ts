import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Step } from '@orrery/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type GitHost, startGitHost } from './kit/git-host.ts'
import { commitFile, git } from './kit/git-server.ts'
import { TestPlace } from './kit/place.ts'
import { jobSpec, run } from './kit/spec.ts'

const token = 'ghs_short-lived-token'
const helper = fileURLToPath(new URL('../src/helper/main.ts', import.meta.url))
let root: string
let host: GitHost
let other: GitHost
let commit: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'orrery-https-git-'))
  const work = join(root, 'acme.git')
  mkdirSync(work)
  git(work, 'init', '-q')
  git(work, 'config', 'receive.denyCurrentBranch', 'ignore')
  commit = commitFile(work, 'file', 'one\n')
  // The helper as places have it: on PATH, behind what the image brings.
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin/circleci'), `#!/bin/sh\nexec ${process.execPath} ${helper} "$@"\n`)
  chmodSync(join(root, 'bin/circleci'), 0o755)
  host = await startGitHost(root, `x-access-token:${token}`)
  other = await startGitHost(root, 'nobody:nothing')
})
afterAll(async () => {
  await host.close()
  await other.close()
  rmSync(root, { recursive: true, force: true })
})

async function start(steps: Step[], url = `${host.url}/acme.git`): Promise<TestPlace> {
  const https = { username: 'x-access-token', token }
  const checkout = { url, gatewayPath: '/git/none.git', sha: commit, branch: 'main', https }
  const place = await TestPlace.create(jobSpec(steps, { checkout }))
  place.path = `${place.path}:${join(root, 'bin')}`
  return place
}

const checkout: Step = { kind: 'checkout', name: 'Checkout code', method: 'blobless', origin: [] }
const credentials = ({ authorization }: IncomingHttpHeaders) =>
  authorization?.startsWith('Basic ') ? Buffer.from(authorization.slice(6), 'base64').toString() : authorization

it('fetches over HTTPS with a token that git has to ask for, in this step and in later ones', async () => {
  const keep = 'git config --global credential.helper "store --file=$HOME/kept"'
  const steps = [
    run(keep),
    checkout,
    run('git rev-parse HEAD; git remote get-url origin'),
    run('git fetch -q && echo fetched'),
    run('env; cat .git/config; ls -a ~; tr "\\0" " " < /proc/$PPID/cmdline'),
    run(`printf 'protocol=http\\nhost=${new URL(host.url).host}\\n' | circleci git-credential get`),
  ]
  await using place = await start(steps)

  await place.run()

  expect(place.peer.output(103)).toBe(`${commit}\r\n${host.url}/acme.git\r\n`)
  expect(place.peer.output(104)).toBe('fetched\r\n')
  for (const log of place.peer.logs.values()) expect(log.toString()).not.toContain(token)
  expect(place.peer.output(105)).not.toContain('****')
  expect(place.peer.output(105)).not.toContain('kept')
  expect(place.peer.output(106)).toBe('username=x-access-token\r\npassword=****\r\n')
  expect(host.requests.map(({ headers }) => credentials(headers))).toContain(`x-access-token:${token}`)
  expect(host.requests.map(({ url }) => url).join()).not.toContain(token)
  expect(readFileSync(join(place.root, 'spool/events.ndjson'), 'utf8').includes(token)).toBe(false)
})

it('shows the token to no other host', async () => {
  const steps = [
    checkout,
    run(`git clone -q ${other.url}/acme.git elsewhere`, { environment: { GIT_TERMINAL_PROMPT: '0' } }),
  ]
  await using place = await start(steps)

  await place.run()

  expect(place.peer.output(102)).toMatch(/could not read Username|Authentication failed/)
  expect(other.requests.map(({ headers }) => credentials(headers)).filter(Boolean)).toEqual([])
})
