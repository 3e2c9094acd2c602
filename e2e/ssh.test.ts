import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../packages/cli/src/client/api.ts'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
let orrery: Orrery
let client: ApiClient
let keys: string
beforeAll(async () => {
  const ssh = { host: '127.0.0.1', listen: '127.0.0.1', idleS: 5, longestS: 60 }
  orrery = await Orrery.start({ settings: { ssh } })
  client = await orrery.client()
  keys = await mkdtemp(join(tmpdir(), 'orrery-keys-'))
  for (const name of ['mine', 'other'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, name)])
})
afterAll(async () => {
  await orrery?.[Symbol.asyncDispose]()
  await rm(keys, { recursive: true, force: true })
})

const config = `version: 2.1
jobs:
  look:
    docker: [{ image: 'busybox:1.36' }]
    environment: { SHOWN: of-the-job }
    parallelism: 2
    steps:
      - run: { name: Leave, command: 'echo left-behind > left.txt; exit 1' }
  deploy:
    docker: [{ image: 'busybox:1.36' }]
    steps: [{ run: 'echo never' }]
workflows: { main: { jobs: [look, { deploy: { requires: [look] } }] } }
`

interface Outcome {
  code: number
  text: string
}

function ssh(key: string, port: string, ...rest: string[]): Promise<Outcome> {
  return remote('ssh', ['-p', port, ...options(key), 'step@127.0.0.1', ...rest])
}

const options = (key: string) =>
  ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
    .flatMap((option) => ['-o', option])
    .concat('-F', '/dev/null', '-i', join(keys, key))

async function remote(program: string, args: string[]): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: keys }
  return run(program, args, { env }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      text: error.stdout + error.stderr,
    }),
  )
}

/** `orrery ssh` with the person's key. */
function orrerySsh(job: string, flags: string[], command: string): Promise<Outcome> {
  const connection = ['--server', orrery.url, '--data', orrery.dataDir]
  const identity = ['--identity', join(keys, 'mine')]
  return remote(process.execPath, [main, 'ssh', ...connection, ...identity, ...flags, job, command])
}

/** The pipeline's job once it failed, its workflow's id, and the pipeline's. */
async function failedJob(name: string) {
  const repository = await Repository.create(orrery, name, { '.circleci/config.yml': config })
  const pipeline = await repository.pipeline()
  const result = await untilEnd(client, pipeline.id)
  const job = await jobNamed(client, result, 'look')
  return { pipelineId: pipeline.id, workflowId: result.workflows[0]?.id ?? '', jobId: job.id }
}

/** Follows the rerun; `invited` resolves with the ports once both nodes wait at their end. */
function follow(pipelineId: string, workflowId: string) {
  const said: string[] = ['', '']
  const { promise: invited, resolve } = Promise.withResolvers<string[]>()
  const ended = untilEnd(client, pipelineId, {
    log(job, node, step, text) {
      if (step.name !== 'Wait for SSH' || job.workflow.id !== workflowId) return
      said[node] += text
      const ports = said.flatMap((one) => /ssh -p (\d+) 127\.0\.0\.1/.exec(one)?.[1] ?? [])
      if (ports.length === 2) resolve(ports)
    },
  })
  return { invited, ended }
}

describe('a job that is rerun with SSH', () => {
  it('has no door when its person has no key (A.13 311)', async () => {
    const { pipelineId, workflowId, jobId } = await failedJob('ssh-without-key')

    const again = await client.rerunWithSsh(workflowId, [jobId])
    await untilEnd(client, pipelineId)

    const workflow = await client.workflow(again)
    const job = await client.job(workflow.jobs.find((one) => one.name === 'look')?.id ?? '')
    expect(job.tasks.flatMap((task) => task.steps.map((step) => step.name))).not.toContain('Enable SSH')
  })

  it('lets its person in on every node, and nobody else; the others keep their results (A.13 310, 312, 313)', async () => {
    const { pipelineId, workflowId, jobId } = await failedJob('ssh')
    await client.addSshKey({ publicKey: await readFile(join(keys, 'mine.pub'), 'utf8') })

    const again = await client.rerunWithSsh(workflowId, [jobId])
    const { invited, ended } = follow(pipelineId, again)
    const [first = '', second = ''] = await invited

    const shown = 'echo $SHOWN $CIRCLE_NODE_INDEX; cat project/left.txt; exit 7'
    expect(await ssh('mine', first, shown)).toEqual({ code: 7, text: 'of-the-job 0\nleft-behind\n' })
    expect(await ssh('mine', second, shown)).toEqual({ code: 7, text: 'of-the-job 1\nleft-behind\n' })
    // A terminal, and one that controls its session: /dev/tty is it.
    const terminal = await ssh('mine', first, '-tt', 'tty; [ -t 0 ] && echo "$TERM" </dev/tty')
    expect(terminal).toMatchObject({ code: 0, text: expect.stringMatching(/^\/dev\/pts\/\d+\r\n\w+\r\n$/) })
    const look = (await client.workflow(again)).jobs.find(({ name }) => name === 'look')?.id ?? ''
    const viaUs = await orrerySsh(look, ['--node', '1'], shown)
    expect(viaUs).toEqual({ code: 7, text: 'of-the-job 1\nleft-behind\n' })
    const stranger = await ssh('other', first, 'true')
    expect(stranger.code).toBe(255)
    expect(stranger.text).toContain('Permission denied (publickey)')
    await writeFile(join(keys, 'file'), 'copied')
    const at = ['-P', first, ...options('mine')]
    expect(await remote('scp', [...at, join(keys, 'file'), 'step@127.0.0.1:file'])).toEqual({ code: 0, text: '' })
    expect(await remote('scp', [...at, 'step@127.0.0.1:file', join(keys, 'back')])).toEqual({ code: 0, text: '' })
    expect(await readFile(join(keys, 'back'), 'utf8')).toBe('copied')

    const result = await ended
    const mine = { ...result, workflows: result.workflows.filter((one) => one.id === again) }
    expect(statuses(mine)).toEqual({ look: 'failed', deploy: 'not_run' })
    const job = await jobNamed(client, mine, 'look')
    for (const node of [0, 1]) {
      expect(await logOf(client, job, 'Enable SSH', node)).toMatch(
        /\$ ssh -p \d+ 127\.0\.0\.1\n\nIts host key is SHA256:/,
      )
      expect(await logOf(client, job, 'Wait for SSH', node)).toContain('Nobody was connected for 5s.')
    }
    expect((await ssh('mine', first, 'true')).code).toBe(255)
  })

  it('is rerun and entered with one command', async () => {
    const repository = await Repository.create(orrery, 'ssh-command', { '.circleci/config.yml': holdingAgain })
    const { id } = await repository.pipeline()
    const job = await jobNamed(client, await untilEnd(client, id), 'hold')
    expect((await orrerySsh(job.id, [], 'true')).text).toMatch(/node 0 of hold is not open for SSH; --rerun opens it/)
    await client.addSshKey({ publicKey: await readFile(join(keys, 'mine.pub'), 'utf8') })

    const entered = await orrerySsh(job.id, ['--rerun'], 'touch go && echo in')

    expect(entered).toEqual({ code: 0, text: 'in\n' })
    const { workflows } = await untilEnd(client, id)
    expect(workflows.map(({ status }) => status).toSorted()).toEqual(['failed', 'success'])
  })

  it('keeps its port when the runner is killed; a cancel ends the wait', async () => {
    const repository = await Repository.create(orrery, 'ssh-kill', { '.circleci/config.yml': holding })
    const pipeline = await repository.pipeline()
    const first = heard(pipeline.id, 'Hold', /holding/)
    await first.text
    const workflowId = (await client.pipeline(pipeline.id)).workflows[0]?.id ?? ''
    await client.cancelWorkflow(workflowId)
    await first.ended
    await client.addSshKey({ publicKey: await readFile(join(keys, 'mine.pub'), 'utf8') })
    const job = (await client.workflow(workflowId)).jobs[0]?.id ?? ''

    const again = await client.rerunWithSsh(workflowId, [job])
    const enabled = await heard(pipeline.id, 'Enable SSH', /ssh -p \d+ /).text
    const port = /ssh -p (\d+) /.exec(enabled)?.[1] ?? ''
    process.kill(await orrery.runnerPid(), 'SIGKILL')
    await expect.poll(async () => (await ssh('mine', port, 'true')).code, { timeout: 30_000 }).toBe(0)
    const session = spawn('ssh', ['-p', port, ...options('mine'), 'step@127.0.0.1', 'echo in; sleep 100'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const hungUp = once(session, 'exit')
    await once(session.stdout, 'data')
    const waiting = heard(pipeline.id, 'Wait for SSH', /ssh -p/)
    expect(await ssh('mine', port, 'touch go')).toEqual({ code: 0, text: '' })
    await waiting.text
    await client.cancelWorkflow(again)

    await waiting.ended
    expect((await client.workflow(again)).jobs.map((one) => one.status)).toEqual(['canceled'])
    await hungUp
  })
})

/** Fails at first; in a rerun it holds. */
const holdingAgain = `version: 2.1
jobs:
  hold:
    docker: [{ image: 'busybox:1.36' }]
    steps:
      - run: '[ "$CIRCLE_WORKFLOW_ID" != "$CIRCLE_WORKFLOW_WORKSPACE_ID" ]; until [ -e ~/go ]; do sleep 0.1; done'
workflows: { main: { jobs: [hold] } }
`

const holding = `version: 2.1
jobs:
  hold:
    docker: [{ image: 'busybox:1.36' }]
    steps: [{ run: { name: Hold, command: 'echo holding; until [ -e ~/go ]; do sleep 0.1; done' } }]
workflows: { main: { jobs: [hold] } }
`

/** `text`: what a step of the pipeline's newest workflow has logged, as soon as it matches. */
function heard(pipelineId: string, stepName: string, pattern: RegExp) {
  let said = ''
  const { promise: text, resolve } = Promise.withResolvers<string>()
  const ended = untilEnd(client, pipelineId, {
    log(_job, _node, step, chunk) {
      if (step.name !== stepName) return
      said += chunk
      if (pattern.test(said)) resolve(said)
    },
  })
  return { text, ended }
}
