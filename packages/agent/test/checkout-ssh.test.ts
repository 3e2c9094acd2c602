import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CheckoutStep, JobSpec, Step } from '@orrery/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commitFile, git } from './kit/git-server.ts'
import { TestPlace } from './kit/place.ts'
import { jobSpec, run } from './kit/spec.ts'
import { makeKey, type SshServer, startSshServer } from './kit/ssh-server.ts'

let root: string
let server: SshServer
let url: string
let commits: { first: string; second: string; pull: string }

beforeAll(async () => {
  server = await startSshServer()
  root = mkdtempSync(join(tmpdir(), 'orrery-ssh-git-'))
  const work = join(root, 'acme.git')
  mkdirSync(work)
  git(work, 'init', '-q')
  git(work, 'config', 'uploadpack.allowFilter', 'true')
  git(work, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
  const first = commitFile(work, 'file', 'one\n')
  const second = commitFile(work, 'file', 'two\n')
  git(work, 'checkout', '-q', '--detach')
  const pull = commitFile(work, 'file', 'of a fork\n')
  git(work, 'update-ref', 'refs/pull/7/head', pull)
  git(work, 'checkout', '-q', 'main')
  commits = { first, second, pull }
  url = `${server.url}${work}`
})
afterAll(async () => {
  rmSync(root, { recursive: true, force: true })
  await server[Symbol.asyncDispose]()
})

const checkout = (more: Partial<CheckoutStep> = {}): Step => ({
  kind: 'checkout',
  name: 'Checkout code',
  method: 'blobless',
  origin: [],
  ...more,
})

/** A task whose repository is behind the SSH server. */
async function start(
  steps: Step[],
  source: Partial<JobSpec['checkout']> = {},
  ssh: Partial<NonNullable<JobSpec['checkout']['ssh']>> = {},
): Promise<TestPlace> {
  return TestPlace.create(
    jobSpec(steps, {
      checkout: {
        url,
        gatewayPath: '/git/none.git',
        sha: commits.first,
        branch: 'main',
        ssh: { ...server.key, knownHosts: [server.knownHost], ...ssh },
        ...source,
      },
    }),
  )
}

it('keeps the checkout key out of the log', async () => {
  await using place = await start([checkout(), run('cat ~/.ssh/id_rsa')])

  await place.run()

  expect(place.peer.output(102)).toMatch(/^-----BEGIN.*-----\r\n\*{4}\r\n-----END.*-----\r\n$/)
})

it('fetches an external repository with the checkout key, which later steps find by themselves', async () => {
  const steps = [
    checkout(),
    run(
      'git rev-parse HEAD; git rev-parse --abbrev-ref HEAD; git remote get-url origin; git config remote.origin.promisor',
    ),
    // The user of the test has a home of its own, which ssh would take instead of HOME.
    run(
      'GIT_SSH_COMMAND="ssh -i $HOME/.ssh/id_rsa -o UserKnownHostsFile=$HOME/.ssh/known_hosts" git fetch -q && echo fetched',
    ),
    run('git config --get-regexp "^url.*github" | cat'),
  ]
  await using place = await start(steps)

  await place.run()

  expect(place.peer.log(101)).toMatch(/HEAD is now at [0-9a-f]+ change file/)
  expect(place.peer.output(102)).toBe(`${commits.first}\r\nmain\r\n${url}\r\ntrue\r\n`)
  expect(place.peer.output(103)).toBe('fetched\r\n')
  expect(place.peer.output(104)).toBe('url.ssh://git@github.com.insteadof https://github.com\r\n')
  expect(server.commands()).toContain(`git-upload-pack '${join(root, 'acme.git')}'`)
  const ssh = join(place.home, '.ssh')
  expect(readFileSync(join(ssh, 'id_rsa'), 'utf8')).toBe(server.key.privateKey)
  expect(readFileSync(join(ssh, 'id_rsa.pub'), 'utf8')).toBe(`${server.key.publicKey}\n`)
  for (const name of ['', 'id_rsa', 'known_hosts']) expect(statSync(join(ssh, name)).mode & 0o077).toBe(0)
  // The gateway was asked for nothing but the task itself.
  expect(place.peer.calls.filter((call) => call.includes('git'))).toEqual([])
})

it('takes a full clone, a fork’s commit, and a directory that a cache brought', async () => {
  const old = run('git clone -q $SOURCE old && git -C old reset -q --hard HEAD~1 && echo stale > old/file', {
    environment: { SOURCE: join(root, 'acme.git') },
  })
  const steps = [checkout({ method: 'full', path: 'full' }), old, checkout({ path: 'old' })]
  const look = run(
    'git -C full config remote.origin.promisor || echo none; cat full/file old/file; git -C old branch --show-current',
  )
  await using place = await start([...steps, look], { sha: commits.pull, branch: 'pull/7' })

  await place.run()

  expect(place.peer.output(104)).toBe('none\r\nof a fork\r\nof a fork\r\npull/7\r\n')
})

it('asks no question: a wrong key and an unknown host are failures with ssh’s own words', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-key-'))
  const stranger = makeKey(folder, 'stranger')
  rmSync(folder, { recursive: true })

  await using refused = await start([checkout()], {}, stranger)
  await refused.run()
  await using unknown = await start([checkout()], {}, { knownHosts: [] })
  await unknown.run()

  expect(refused.peer.ends).toEqual(['101-0 failed 128'])
  expect(refused.peer.log(101)).toMatch(/Permission denied \(publickey/)
  expect(unknown.peer.ends).toEqual(['101-0 failed 128'])
  expect(unknown.peer.log(101)).toMatch(/Host key verification failed/)
})

it('keeps what ~/.ssh holds, and does not add the same hosts twice', async () => {
  await using place = await start([
    checkout(),
    checkout({ path: 'b' }),
    run('cat ~/.ssh/config; sort ~/.ssh/known_hosts | uniq -d'),
  ])
  mkdirSync(join(place.home, '.ssh'), { recursive: true })
  writeFileSync(join(place.home, '.ssh/config'), 'Host mine\n')
  writeFileSync(join(place.home, '.ssh/known_hosts'), 'mine ssh-ed25519 AAAA')

  await place.run()

  expect(place.peer.output(103)).toBe('Host mine\r\n')
  expect(readFileSync(join(place.home, '.ssh/known_hosts'), 'utf8')).toMatch(/^mine ssh-ed25519 AAAA\ngithub\.com /)
})

/** PATH with these programs of the system only, and scripts of ours. */
function tools(place: TestPlace, programs: readonly string[], scripts: Record<string, string> = {}): string {
  const folder = join(place.root, 'tools')
  mkdirSync(folder)
  for (const name of programs) symlinkSync(execFileSync('which', [name]).toString().trim(), join(folder, name))
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  return folder
}

it('unpacks the files where the image has git but no ssh client', async () => {
  await using place = await start([checkout(), run('cat file; ls -A')])
  place.path = tools(place, ['git', 'ls', 'cat', 'sh'])
  place.peer.routes.push({
    method: 'GET',
    path: /^\/source\.tar$/,
    handle: (_, response) => {
      response.end(execFileSync('git', ['archive', commits.first], { cwd: join(root, 'acme.git') }))
    },
  })

  await place.run()

  expect(place.peer.log(101)).toMatch(/^Warning: this image has no ssh client\./)
  expect(place.peer.output(102)).toBe('one\r\nfile\r\n')
})

it('clones in full with git 2.41.0, whatever the method', async () => {
  const ask = run('git config remote.origin.promisor || echo none; cat file')
  await using place = await start([checkout(), ask])
  const real = execFileSync('which', ['git']).toString().trim()
  const broken = `#!/bin/sh\nif [ "$1" = --version ]; then echo git version 2.41.0; exit; fi\nexec ${real} "$@"\n`
  place.path = `${tools(place, [], { git: broken })}:${place.path}`

  await place.run()

  expect(place.peer.output(102)).toBe('none\r\none\r\n')
})
