import { mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EventBatch, type JobSpec } from '@orrery/protocol'
import { runTask } from './run-task.ts'

/** A rehearsal that takes longer is left alone; it only cost time. ms. */
const patienceMs = 10_000
/** What ran once is compiled; what ran more often is also known for the objects that it meets. */
const rounds = 3

/**
 * Runs tasks of a few steps that do nothing, in a directory of their own and against a gateway in this process. Code that
 * ran is compiled, files it read are in the kernel's cache: the first real task starts three times as fast. Nothing
 * leaves this process, and nothing stays.
 */
export async function rehearse(root: string): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await rehearseOnce(join(root, 'rehearsal'))
}

async function rehearseOnce(directory: string): Promise<void> {
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  try {
    await mkdir(directory)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(join(directory, 'gateway.sock'), resolve)
    })
    await Promise.race([runTask(directory), delay(patienceMs, undefined, { ref: false })])
  } catch {
    // A place where this fails runs its task all the same, or tells there what is wrong.
  } finally {
    server.closeAllConnections()
    server.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** The part of agent-api.ts that a task of one step uses. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const url = new URL(request.url ?? '', 'http://gateway')
  const reply = (value: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  if (url.pathname === '/spec') return void reply(spec)
  if (url.pathname === '/events') {
    const { events } = EventBatch.parse(JSON.parse(body.toString()))
    return void reply({ acked: events.at(-1)?.seq ?? 0 })
  }
  if (url.pathname.startsWith('/logs/')) {
    return void reply({ size: Number(url.searchParams.get('offset')) + body.length })
  }
  // The renewal is held, as the server holds it.
}

const id = '00000000-0000-4000-8000-000000000000'
/** As long as the tokens that every job has. */
const token = 'rehearsal'.repeat(80)
/** Of the shape that most jobs have, so that their documents meet nothing new. */
const spec: JobSpec = {
  taskId: id,
  jobId: id,
  jobName: 'rehearsal',
  jobNumber: 0,
  workflowId: id,
  workflowName: 'rehearsal',
  workspaceId: id,
  pipelineId: id,
  projectId: id,
  projectSlug: 'rehearsal',
  nodeIndex: 0,
  nodeTotal: 1,
  executor: { type: 'docker', images: [{ image: 'rehearsal', environment: {} }] },
  resourceClass: { name: 'small', vcpus: 1, memoryMb: 1024, arch: 'amd64' },
  workingDirectory: '/',
  shell: null,
  environment: [
    { source: 'project', vars: { REHEARSAL_PROJECT: 'rehearsal' } },
    { source: 'builtin', vars: { CI: 'true', REHEARSAL_TOKEN: token } },
    { source: 'image', vars: {} },
    { source: 'job', vars: { REHEARSAL_JOB: 'rehearsal' } },
  ],
  maskValues: ['rehearsal', token],
  sshKeys: [],
  steps: [1, 2, 3].map(() => ({
    kind: 'run',
    name: 'rehearsal',
    command: 'echo rehearsal',
    environment: {},
    background: false,
    origin: [],
  })),
  checkout: { url: 'http://localhost', gatewayPath: '/git', sha: '0'.repeat(40), branch: 'rehearsal' },
  tests: { earlierResults: false, rerunFailedOf: null },
  layers: { generation: 0, scope: 'rehearsal' },
  limits: {
    maxRunTimeS: 60,
    noOutputTimeoutS: 60,
    cancelGraceS: 0,
    logBytesPerStep: 100_000,
    artifactBytes: 1,
  },
}
