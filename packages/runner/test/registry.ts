import { execFileSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { connect, unlessGone } from '../src/drivers/docker/client.ts'
import type { ImageSource } from '../src/drivers/docker/image-source.ts'
import { busybox, docker } from './kit.ts'

export interface Registry {
  /** `127.0.0.1:port`, which engines trust without TLS. */
  host: string
  /** Serves another image (other digest) under every name from now on. */
  change(): void
  /** Requests so far, as `METHOD path`. */
  requests: string[]
  /** Answers this status to the next requests, as many as given. */
  fail(status: number, times: number): void
  close(): Promise<void>
}

/** A registry with one image, the tests' busybox, under every name; a private one wants a login. */
export async function startRegistry(login?: `${string}:${string}`): Promise<Registry> {
  const blobs = new Map<string, Buffer>()
  const put = (bytes: Buffer): { digest: string; size: number } => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    blobs.set(digest, bytes)
    return { digest, size: bytes.length }
  }
  const { config, layers } = saveImage()
  const layerEntries = layers.map((layer) => ({
    mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    ...put(gzipSync(layer, { level: 1 })),
  }))
  let generation = 0
  let manifest = Buffer.alloc(0)
  const change = (): void => {
    generation += 1
    // Unlike any image of an earlier run, or the engine would see that it has it.
    const document = {
      ...JSON.parse(config.toString()),
      comment: randomUUID(),
      created: `2024-01-0${generation}T00:00:00Z`,
    }
    const entry = {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      ...put(Buffer.from(JSON.stringify(document))),
    }
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
    manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: entry, layers: layerEntries }))
    put(manifest)
  }
  change()

  const requests: string[] = []
  let failing = { status: 0, times: 0 }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(`${request.method} ${path}`)
    if (failing.times > 0 && path !== '/v2/') {
      failing.times -= 1
      return response.writeHead(failing.status).end()
    }
    const basic = `Basic ${Buffer.from(login ?? '').toString('base64')}`
    if (login !== undefined && request.headers.authorization !== basic) {
      return response
        .writeHead(401, { 'www-authenticate': 'Basic realm="test"' })
        .end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }))
    }
    if (path === '/v2/') return response.writeHead(200).end()
    const digest = /\/(?:blobs|manifests)\/(?<digest>sha256:[0-9a-f]+)$/.exec(path)?.groups?.['digest']
    const isTag = digest === undefined && path.includes('/manifests/')
    const bytes = isTag ? manifest : blobs.get(digest ?? '')
    if (bytes === undefined || path.includes('/missing/')) {
      const errors = [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }]
      return response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }))
    }
    response.writeHead(200, {
      'content-length': bytes.length,
      'content-type': path.includes('/manifests/')
        ? 'application/vnd.docker.distribution.manifest.v2+json'
        : 'application/octet-stream',
      'docker-content-digest': `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    change,
    requests,
    fail(status, times) {
      failing = { status, times }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await removeImages(`127.0.0.1:${port}/`)
    },
  }
}

/** What engines pulled from a registry that is no more. */
async function removeImages(prefix: string): Promise<void> {
  const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])
  for (const tag of tags.filter((one) => one.startsWith(prefix))) await docker.getImage(tag).remove({ force: true })
}

/** Configuration and layers of the tests' smallest image, by the engine's own export. */
function saveImage(): { config: Buffer; layers: Buffer[] } {
  const directory = mkdtempSync(join(tmpdir(), 'reg-'))
  try {
    execFileSync('docker', ['save', '-o', join(directory, 'image.tar'), busybox])
    execFileSync('tar', ['xf', 'image.tar'], { cwd: directory })
    const read = (name: string): Buffer => readFileSync(join(directory, name))
    const [first] = JSON.parse(read('manifest.json').toString())
    return { config: read(first.Config), layers: first.Layers.map(read) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Where images come from, with nothing learned yet; `clouds`: who gives logins. */
export function freshSource(clouds: Pick<ImageSource, 'ecr' | 'gar'>): ImageSource {
  const learned = { checked: new Map(), logins: new Map(), looks: new WeakMap() }
  const engine = { docker: connect(undefined), asksRegistries: true, tellsOrigins: true }
  return { ...engine, imageMap: [], ...learned, ...clouds }
}

/** Removes what the tests' engine pulled from the registry. */
export async function removeImagesOf({ host }: Registry): Promise<void> {
  for (const { RepoTags, RepoDigests } of await docker.listImages()) {
    const names = [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((name) => name.startsWith(host))
    for (const name of names) await unlessGone(docker.getImage(name).remove({ force: true }))
  }
}
