/** The second half of `npm run quickstart`, under Node 24: start Orrery, push the sample, show it run. */
import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { ApiClient } from '../packages/cli/src/client/api.ts'
import { followPipeline } from '../packages/cli/src/client/follow.ts'
import { untilSignal } from '../packages/cli/src/local/shutdown.ts'
import { startUp, type Up } from '../packages/cli/src/local/up.ts'
import { wantsColour } from '../packages/cli/src/ui/format.ts'
import { RunView } from '../packages/cli/src/ui/run-view.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** What the machine offers, found by the first half. */
export interface Prepared {
  dockerHost: string
  imageMap: { match: string; image: string }[]
  caBundle?: string | undefined
  environment: Record<string, string>
}

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    data: { type: 'string' },
    port: { type: 'string', default: '8700' },
  },
})

// Not an argument: a proxy's address may hold a password, and arguments are for all to see.
await quickstart(JSON.parse(process.env['ORRERY_PREPARED'] ?? '{}') as Prepared)

async function quickstart(prepared: Prepared): Promise<void> {
  const signal = untilSignal()
  const dataDir = values.data ? resolve(values.data) : dataDirectory()
  await mkdir(dataDir, { recursive: true })
  await writeFile(join(dataDir, 'settings.json'), `${JSON.stringify(prepared, null, 2)}\n`, { mode: 0o600 })
  const up = await startUp({
    dataDir,
    host: '127.0.0.1',
    port: Number(values.port),
    publicUrl: undefined,
    databaseUrl: process.env['DATABASE_URL'],
    settingsFile: undefined,
    // The last job's container is being removed when its pipeline is over; nobody may start here again to see to it.
    drain: values.exit,
  })
  say(`✓ Orrery is up at ${up.host.url}`)
  const success = await runSample(up, join(dataDir, 'sample'))
  if (values.exit) {
    await up.stop()
    process.exit(success ? 0 : 1)
  }
  say(`\nWatch it: ${up.host.url}/login?token=${up.host.adminToken}\nStop with Ctrl-C; your data stays in ${dataDir}`)
  await signal
  await up.stop()
  process.exit(0)
}

async function runSample(up: Up, directory: string): Promise<boolean> {
  const client = new ApiClient({ url: up.host.url, token: up.host.adminToken })
  await makeSampleRepository(directory)
  const known = (await client.projects()).find((project) => project.slug === 'local/orrery/hello')
  const project = known ?? (await client.addProject({ name: 'orrery/hello' }))
  await push(directory, project.gitUrl, up.host.adminToken)
  const [pipeline] = await client.pipelines(project.slug)
  if (!pipeline) throw new Error('the push made no pipeline')
  say(`✓ pushed ${project.slug}: pipeline ${pipeline.number}, ${pipeline.errors.length === 0 ? 'running' : 'errored'}`)
  const view = new RunView({
    write: (text) => process.stdout.write(`  ${text}`),
    colour: wantsColour(process.stdout, process.env),
    quiet: true,
    async held(job) {
      say(`  ? ${job.name}: approval, given by the quickstart`)
      return 'approve'
    },
  })
  const result = await followPipeline(client, pipeline.id, view)
  process.stdout.write(view.summary(result))
  for (const workflow of result.workflows) say(`  ${up.host.url}/workflow/${workflow.id}`)
  return result.success
}

/** A fresh clone of the sample with one commit more at each run, so that every run is a push. */
async function makeSampleRepository(directory: string): Promise<void> {
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=Orrery', '-c', 'user.email=orrery@localhost', ...args], { cwd: directory })
  await rm(directory, { recursive: true, force: true })
  await cp(join(root, 'samples', 'hello'), directory, { recursive: true })
  await git('init', '-q', '-b', 'main')
  await git('add', '--all')
  await git('commit', '-q', '-m', 'Say hello')
}

/** The token goes through git's environment, not through its arguments. */
async function push(directory: string, url: string, token: string): Promise<void> {
  const credentials = Buffer.from(`quickstart:${token}`).toString('base64')
  await run('git', ['push', '--quiet', '--force', url, 'HEAD:refs/heads/main'], {
    cwd: directory,
    env: {
      ...process.env,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${credentials}`,
    },
  })
}

/** In the checkout, unless PostgreSQL's own user (it refuses to be root) could not reach it there. */
function dataDirectory(): string {
  if (process.getuid?.() !== 0) return join(root, '.orrery')
  for (let at = resolve(root); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return '/var/lib/orrery'
    if (at === dirname(at)) break
  }
  accessSync(root, constants.W_OK)
  return join(root, '.orrery')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
