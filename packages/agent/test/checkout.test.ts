import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CheckoutStep, JobSpec, Step } from '@orrery/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commitFile, git, serveGit } from './kit/git-server.ts'
import { TestPlace } from './kit/place.ts'
import { jobSpec, run } from './kit/spec.ts'

let root: string
let work: string
let commits: { first: string; second: string; tagged: string; gone: string }

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'orrery-git-'))
  work = join(root, 'acme.git')
  mkdirSync(work)
  git(work, 'init', '-q')
  const first = commitFile(work, 'file', 'one\n')
  symlinkSync('file', join(work, 'link'))
  writeFileSync(join(work, 'script.sh'), '', { mode: 0o755 })
  const second = commitFile(work, 'script.sh', '#!/bin/sh\necho script\n')
  git(work, 'checkout', '-q', '-b', 'side')
  const tagged = commitFile(work, 'file', 'tagged\n')
  git(work, 'tag', 'v1')
  git(work, 'checkout', '-q', '--detach', first)
  const gone = commitFile(work, 'file', 'force-pushed away\n')
  git(work, 'checkout', '-q', 'main')
  git(work, 'branch', '-q', '-D', 'side')
  commits = { first, second, tagged, gone }
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function checkout(more: Partial<CheckoutStep> = {}): Step {
  return { kind: 'checkout', name: 'Checkout code', method: 'blobless', origin: [], ...more }
}

const url = 'https://code.example/acme.git'

/** Runs the steps on the commit; answers the place for questions. */
async function start(steps: Step[], source: Partial<JobSpec['checkout']>): Promise<TestPlace> {
  const spec = jobSpec(steps, { checkout: { url, gatewayPath: '/git/acme.git', sha: commits.second, ...source } })
  const place = await TestPlace.create(spec)
  serveGit(place.peer, root)
  return place
}

const report = run(
  'git rev-parse HEAD; git rev-parse --abbrev-ref HEAD; git remote get-url origin; git config gc.auto; cat file',
)

function reported(sha: string, branch: string, file: string): string {
  // `remote get-url` applies the rewrite that lets later steps reach the repository.
  return `^${sha}\r\n${branch}\r\nhttp://127\\.0\\.0\\.1:\\d+/git/acme\\.git\r\n0\r\n${file}\r\n$`
}

it('builds exactly the commit, on its branch, though the branch moved on', async () => {
  await using place = await start(
    [checkout(), report, run('git config remote.origin.url; git fetch -q && echo fetched')],
    {
      sha: commits.first,
      branch: 'main',
    },
  )

  await place.run()

  expect(place.peer.ends).toEqual(['101-0 success 0', '102-0 success 0', '103-0 success 0'])
  expect(place.peer.output(102)).toMatch(new RegExp(reported(commits.first, 'main', 'one')))
  expect(place.peer.output(103)).toBe(`${url}\r\nfetched\r\n`)
  expect(place.peer.log(101)).toMatch(/HEAD is now at [0-9a-f]+ change file/)
})

it('builds a tag that is on no branch', async () => {
  await using place = await start([checkout(), report, run('git describe --tags')], { sha: commits.tagged, tag: 'v1' })

  await place.run()

  expect(place.peer.output(102)).toMatch(new RegExp(reported(commits.tagged, 'HEAD', 'tagged')))
  expect(place.peer.output(103)).toBe('v1\r\n')
})

it('finds a commit that was pushed away from its branch', async () => {
  await using place = await start([checkout(), report], { sha: commits.gone, branch: 'main' })

  await place.run()

  expect(place.peer.output(102)).toMatch(new RegExp(reported(commits.gone, 'main', 'force-pushed away')))
})

it('says so when there is no such commit', async () => {
  const sha = 'deadbeef'.repeat(5)
  await using place = await start([checkout(), run('echo never')], { sha, branch: 'main' })

  await place.run()

  expect(place.peer.ends).toEqual(['101-0 failed 1'])
  expect(place.peer.log(101)).toContain(`The commit ${sha} cannot be had from ${url}.`)
})

it.each([
  ['blobless', 'true'],
  ['full', 'none'],
] as const)('%s: promisor remote %s', async (method, promisor) => {
  const ask = run('git config remote.origin.promisor || echo none; git cat-file -p HEAD:file')
  await using place = await start([checkout({ method }), ask], { branch: 'main' })

  await place.run()

  expect(place.peer.output(102)).toBe(`${promisor}\r\none\r\n`)
})

it('updates a repository that a cache brought, and replaces stale files', async () => {
  const restore = run('git clone -q $SOURCE . && git reset -q --hard $OLD && echo stale > file', {
    environment: { SOURCE: work, OLD: commits.first },
  })
  await using place = await start([restore, checkout(), report], { branch: 'main' })

  await place.run()

  expect(place.peer.ends).toEqual(['101-0 success 0', '102-0 success 0', '103-0 success 0'])
  expect(place.peer.output(103)).toMatch(new RegExp(reported(commits.second, 'main', 'one')))
})

it('works with nothing but .git in the directory, and with several paths', async () => {
  const onlyGit = run('git clone -q --no-checkout $SOURCE .; ls -A', { environment: { SOURCE: work } })
  const steps = [onlyGit, checkout(), checkout({ path: 'sub/dir' }), run('cat link sub/dir/link')]
  await using place = await start(steps, { branch: 'main' })

  await place.run()

  expect(place.peer.output(101)).toMatch(/\.git\r\n$/)
  expect(place.peer.output(104)).toBe('one\r\none\r\n')
})

it('refuses a directory with other things in it', async () => {
  await using place = await start([run('touch x'), checkout()], { branch: 'main' })

  await place.run()

  expect(place.peer.ends).toEqual(['101-0 success 0', '102-0 failed 1'])
  expect(place.peer.log(102)).toMatch(/exists, is not empty and is not a git repository\.\n$/)
})

it('lets nobody on the loopback reach more than the repository', async () => {
  const probe = run(
    'base=$(git remote get-url origin); for p in .. ../../spec ../../git/acme.git/../../spec /%2e%2e/spec; do ' +
      'curl -s -o /dev/null -w "%{http_code}\\n" --path-as-is "$base/$p"; done; ' +
      'curl -s -o /dev/null -w "%{http_code}\\n" "${base%/git*}/spec"',
  )
  await using place = await start([checkout(), probe], { branch: 'main' })

  await place.run()

  expect(place.peer.output(102)).toBe('404\r\n'.repeat(5))
})

it('unpacks the files where the image has no git', async () => {
  await using place = await start(
    [checkout({ path: 'src' }), run('cd src && cat link && ./script.sh && ls -A | cat')],
    {
      branch: 'main',
    },
  )
  const tools = join(place.root, 'tools')
  mkdirSync(tools)
  for (const name of ['ls', 'cat', 'sh'])
    symlinkSync(execFileSync('which', [name]).toString().trim(), join(tools, name))
  place.peer.routes.push({
    method: 'GET',
    path: /^\/source\.tar$/,
    handle: (_, response) => {
      response.end(execFileSync('git', ['archive', commits.second], { cwd: work }))
    },
  })

  place.path = tools
  await place.run()

  expect(place.peer.ends).toEqual(['101-0 success 0', '102-0 success 0'])
  expect(place.peer.log(101)).toMatch(/^Warning: this image has no git\..*\nUnpacked 3 files of [0-9a-f]{40}\n$/)
  expect(place.peer.output(102)).toBe('one\r\nscript\r\nfile\r\nlink\r\nscript.sh\r\n')
})
