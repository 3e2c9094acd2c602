import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { orbsFrom } from '@orrery/config'
import { createEngine, type Engine, type Project } from '@orrery/engine'
import { Tokens } from './auth/tokens.ts'
import { DiskBlobs } from './blobs/disk.ts'
import { UploadStore } from './blobs/upload-store.ts'
import { Compiler } from './compiler/compiler.ts'
import { EventFeed } from './events/event-feed.ts'
import { writeHooks } from './git/hooks.ts'
import { checkSlug } from './git/slug.ts'
import type { App } from './http/app.ts'
import { addSurfaces, createApp } from './http/build-app.ts'
import { gentleClose } from './http/close-gently.ts'
import { loadKeys } from './keys.ts'
import { LogStore } from './logs/log-store.ts'
import { collectGarbage } from './loops/garbage.ts'
import { expireLeases } from './loops/lease-expiry.ts'
import { loadSigner } from './oidc/signer.ts'
import { type CommitRun, Pipelines } from './pipelines/pipelines.ts'
import { PushJournal } from './pipelines/push-journal.ts'
import { Pushes } from './pipelines/pushes.ts'
import { type NewProject, registerProject } from './projects.ts'
import type { Services } from './services.ts'
import { defaultLeaseS, defaultLimits, defaultRetention, type ServerSettings, systemClock } from './settings.ts'
import { LocalProvider } from './vcs/local/local-provider.ts'

export type ListenAddress = { host: string; port: number } | { socketPath: string }

export interface Server {
  /** Where it can be reached: `publicUrl`, or the address it listens on. Valid after `listen`. */
  readonly url: string
  readonly engine: Engine
  /** The HTTP application, for tests that need no socket (`app.inject`). */
  readonly app: App
  /**
   * Begins to serve. First everything that was left in the middle by a process that died is taken up again: leases get
   * a full term, cut-off pushes get their pipelines, pending pipelines are compiled.
   */
  listen(address: ListenAddress): Promise<void>
  /** Ends streams and long polls, lets requests finish, then lets go of the database. */
  close(): Promise<void>
  /** Tokens are deterministic: the same name gives the same token as long as the data directory lives. */
  createRunnerToken(name: string): string
  createUserToken(login: string): string
  /** Address that logs a browser in. */
  loginUrl(login: string): string
  registerProject(project: NewProject): Promise<Project>
  /** The bare repository of a project, for pushes that shall start nothing. */
  repositoryPath(project: Project): string
  /** A pipeline as a push of this commit would start it; answers its id once it is compiled or has failed. */
  runCommit(request: CommitRun): Promise<string>
}

/** What is under way when the server closes gets this long. */
const closeGraceMs = 10_000
/** Room for the agent's own notice behind a log that was cut at its limit. */
const logSlack = 1024 * 1024

/** Opens the data directory and the database, and builds the application; nothing is served before `listen`. */
export async function createServer(settings: ServerSettings): Promise<Server> {
  const { dataDir } = settings
  const clock = settings.clock ?? systemClock
  const leaseS = settings.leaseS ?? defaultLeaseS
  const limits = { ...defaultLimits, ...settings.limits }
  const retention = { ...defaultRetention, ...settings.retention }
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const keys = await loadKeys(dataDir)
  const signer = await loadSigner(dataDir)
  const app = createApp(settings)
  const closeApp = gentleClose(app)
  const onError = (error: unknown) => app.log.error({ err: error }, 'background work failed')

  let ownUrl = 'http://127.0.0.1'
  const publicUrl = () => settings.publicUrl ?? ownUrl
  const engine = await createEngine({
    databaseUrl: settings.databaseUrl,
    clock,
    secretKey: keys.secretKey,
    signToken: signer.sign,
    leaseS,
    retention,
    limits,
    cacheUploadMustSucceed: settings.cacheUploadMustSucceed ?? false,
    ...(settings.ssh && { ssh: settings.ssh }),
    // Read at each use: a server that takes any free port knows its address only when it listens.
    get publicUrl() {
      return publicUrl()
    },
  })

  const closing = new AbortController()
  const running = new Set<Promise<unknown>>()
  const background = (work: Promise<unknown>) => {
    const guarded = work.catch(onError).finally(() => running.delete(guarded))
    running.add(guarded)
  }

  const gitRoot = join(dataDir, 'git')
  const tokens = new Tokens(keys.tokenKey)
  const blobs = new DiskBlobs(join(dataDir, 'blobs'), clock)
  const vcs = new LocalProvider(gitRoot, publicUrl)
  const compiler = new Compiler()
  const orbs = orbsFrom(settings.orbs ?? {})
  const pipelines = new Pipelines({ engine, vcs, compiler, log: app.log, orbs })
  const pushes = new Pushes({
    engine,
    vcs,
    pipelines,
    journal: new PushJournal(join(dataDir, 'pushes')),
    clock,
    pipelineUrl: ({ project, number }) => `${publicUrl()}/pipelines/${project.slug}/${number}`,
  })
  const services: Services = {
    engine,
    clock,
    publicUrl,
    tokens,
    logs: new LogStore(join(dataDir, 'logs'), limits.logBytesPerStep + logSlack),
    uploads: new UploadStore(join(dataDir, 'uploads'), blobs),
    blobs,
    vcs,
    pipelines,
    pushes,
    events: await EventFeed.start(engine, onError),
    gitRoot,
    hooksFolder: await writeHooks(dataDir),
    webDir: await findWebApp(settings.webDir),
    leaseS,
    artifactBytes: limits.artifactBytes,
    noSsh: settings.noSsh ?? new Set(),
    signer,
    closing: closing.signal,
    background,
  }
  await mkdir(gitRoot, { recursive: true, mode: 0o700 })
  await addSurfaces(app, services)

  return {
    app,
    engine,
    get url() {
      return publicUrl()
    },
    async listen(address) {
      await engine.giveFullLeases(clock.now())
      if ('socketPath' in address) await app.listen({ path: address.socketPath })
      else ownUrl = addressOf(await app.listen(address))
      background(expireLeases(engine, clock, closing.signal, onError))
      background(collectGarbage(services, closing.signal, onError))
      background(pushes.resume().then(() => pipelines.resumePending()))
    },
    async close() {
      closing.abort()
      await closeApp(closeGraceMs)
      await Promise.all(running)
      await compiler.close()
      await services.events.close()
      await engine.close()
    },
    createRunnerToken: (name) => tokens.runner(name),
    createUserToken: (login) => tokens.user(login),
    loginUrl: (login) => `${publicUrl()}/login?token=${tokens.user(login)}`,
    repositoryPath: (project) => join(gitRoot, `${checkSlug(project.slug)}.git`),
    runCommit: (request) => pipelines.fromCommit(request),
    registerProject: (project) => registerProject(engine, gitRoot, project),
  }
}

async function findWebApp(webDir: string | undefined): Promise<string | null> {
  if (webDir === undefined) return null
  return access(join(webDir, 'index.html')).then(
    () => webDir,
    () => null,
  )
}

/** A server on all addresses is told by the one that is sure to work on this machine. */
function addressOf(listening: string): string {
  return listening.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//127.0.0.1:')
}
