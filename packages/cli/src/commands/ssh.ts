import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isEndedJob, type JobView, OrreryError } from '@orrery/protocol'
import type { Command } from 'commander'
import type { ApiClient } from '../client/api.ts'
import { type ConnectionFlags, connect, connectionOptions } from './connection.ts'

interface SshFlags extends ConnectionFlags {
  node: string
  rerun?: boolean
  identity?: string
}

/** Where step *Enable SSH* says that a node is reached, and by which host key it is known. */
export interface Invitation {
  host: string
  port: string
  fingerprint: string
}

export function addSshCommand(program: Command): void {
  connectionOptions(
    program
      .command('ssh')
      .description('Log in to a job that was rerun with SSH.')
      .argument('<job>', 'its id: the last part of its address in the web app')
      .argument('[command...]', 'run this instead of a shell')
      .option('--node <number>', 'which node of a parallel job', '0')
      .option('-i, --identity <file>', 'your private key, unless ssh finds it by itself')
      .option('--rerun', 'rerun the job with SSH first, and wait until it is open')
      .passThroughOptions(),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ orrery ssh --rerun 0b0ce5a5-3d5f-4d55-9a52-0c3a3a7b1d10\n\nExit code: that of ssh.',
    )
    .action(logIn)
}

async function logIn(jobId: string, command: string[], flags: SshFlags): Promise<void> {
  const node = Number(flags.node)
  if (!Number.isInteger(node) || node < 0)
    throw new OrreryError('ORY_BAD_REQUEST', ['--node must be a number from 0 on'])
  const client = await connect(flags)
  const job = await client.job(jobId)
  const open = flags.rerun ? await rerun(client, job) : job
  const invitation = flags.rerun ? await untilOpen(client, open, node) : await invitationOf(client, open, node)
  if (invitation === undefined) {
    throw new OrreryError('ORY_CONFLICT', [`node ${node} of ${job.name} is not open for SSH; --rerun opens it`])
  }
  process.exitCode = await execSsh(invitation, command, flags.identity)
}

/** The job of that name in a new workflow, in which it alone runs. */
async function rerun(client: ApiClient, job: JobView): Promise<JobView> {
  if ((await client.sshKeys()).length === 0) {
    throw new OrreryError('ORY_CONFLICT', ['you have no key for SSH; add one with `orrery ssh-key add`'])
  }
  const workflow = await client.workflow(await client.rerunWithSsh(job.workflow.id, [job.id]))
  const again = workflow.jobs.find(({ name }) => name === job.name)
  if (again === undefined) throw new OrreryError('ORY_NOT_FOUND', ['Job'])
  process.stderr.write(`Waiting until ${job.name} is open; Ctrl-C ends the waiting, not the job ${again.id}.\n`)
  return client.job(again.id)
}

/** Undefined when the job ends before it is open. */
async function untilOpen(client: ApiClient, job: JobView, node: number): Promise<Invitation | undefined> {
  const stop = new AbortController()
  try {
    for await (const _ of client.changes(`pipeline:${job.pipeline.id}`, stop.signal)) {
      const now = await client.job(job.id)
      const invitation = await invitationOf(client, now, node)
      if (invitation !== undefined || isEndedJob(now.status)) return invitation
    }
    return undefined
  } finally {
    stop.abort()
  }
}

async function invitationOf(client: ApiClient, job: JobView, node: number): Promise<Invitation | undefined> {
  const step = job.tasks[node]?.steps.find(({ name, endedAt }) => name === 'Enable SSH' && endedAt !== null)
  if (step === undefined || isEndedJob(job.status)) return undefined
  return readInvitation((await client.log(job.id, node, step.step, step.attempt)).toString())
}

/** The log of *Enable SSH*; the job cannot write to it. */
export function readInvitation(log: string): Invitation | undefined {
  const found = /\$ ssh -p (?<port>\d{1,5}) (?<host>[\w.:-]+)\n[\s\S]*host key is (?<fingerprint>SHA256:[\w+/]+)/.exec(
    log,
  )?.groups
  const { host = '', port = '', fingerprint = '' } = found ?? {}
  // A host that begins like an option would be read as one.
  return found === undefined || host.startsWith('-') ? undefined : { host, port, fingerprint }
}

/** The person's own ssh, which trusts the host key that the job's log names and no other. Answers its exit code. */
async function execSsh(
  { host, port, fingerprint }: Invitation,
  command: readonly string[],
  identity: string | undefined,
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-ssh-'))
  try {
    const known = join(directory, 'known_hosts')
    await writeFile(known, await hostKeyOf(host, port, fingerprint))
    const trust = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=/dev/null']
    const key = identity === undefined ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes']
    const args = [...trust.flatMap((one) => ['-o', one]), ...key, '-p', port, host, ...command]
    const child = spawn('ssh', args, { stdio: 'inherit' })
    const [code]: (number | null)[] = await once(child, 'exit')
    return code ?? 255
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const run = promisify(execFile)

async function hostKeyOf(host: string, port: string, fingerprint: string): Promise<string> {
  const { stdout } = await run('ssh-keyscan', ['-p', port, host]).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new OrreryError('ORY_CONFLICT', ['ssh is not installed here'])
    return { stdout: '' }
  })
  const line = stdout.split('\n').find((one) => fingerprintOf(one.split(' ')[2] ?? '') === fingerprint)
  if (line !== undefined) return `${line}\n`
  const reason = stdout.trim() === '' ? 'does not answer' : 'answers with another host key than the job has'
  throw new OrreryError('ORY_CONFLICT', [`${host} port ${port} ${reason}`])
}

function fingerprintOf(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`
}
