import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unlessGone } from '../src/drivers/docker/client.ts'
import type { ImageSource } from '../src/drivers/docker/image-source.ts'
import { prepareImage } from '../src/drivers/docker/images.ts'
import { docker } from './kit.ts'
import { freshSource, type Registry, startRegistry } from './registry.ts'

let registry: Registry
let vault: Registry
let source: ImageSource
let image: string
let text: string
const never = new AbortController().signal

beforeAll(async () => {
  registry = await startRegistry()
  vault = await startRegistry('ann:sesame')
})
afterAll(async () => {
  for (const { RepoTags, RepoDigests } of await docker.listImages()) {
    const isOurs = [registry.host, vault.host].some((host) => (RepoDigests ?? []).some((one) => one.startsWith(host)))
    for (const name of isOurs ? [...(RepoTags ?? []), ...(RepoDigests ?? [])] : []) {
      // The last name takes the image with it, digests included.
      await unlessGone(docker.getImage(name).remove({ force: true }))
    }
  }
  await registry.close()
  await vault.close()
})
beforeEach(() => {
  source = freshSource({})
  image = `${registry.host}/team/app${Math.random().toString(36).slice(2, 8)}`
  text = ''
  registry.requests.length = 0
})

function prepare(name: string, auth?: { username: string; password: string }, arch: 'amd64' | 'arm64' = 'amd64') {
  const log = (part: string) => {
    text += part
  }
  return prepareImage(source, { image: name, environment: {}, ...(auth ? { auth } : {}) }, arch, log, never)
}
const ann = { username: 'ann', password: 'sesame' }

describe('an image', () => {
  it('is pulled when the host has none, with progress, digest and a word about credentials', async () => {
    await prepare(image)

    expect(text).toMatch(/^Starting container .+\n {2}warning: pulling without credentials/)
    expect(text).toMatch(/ {2}[0-9a-f]{12}: (Pull complete|Already exists)\n/)
    expect(text).toMatch(new RegExp(`using image ${image}@sha256:[0-9a-f]{64}\\n {2}created 2024-`))
  })

  it('of an engine that cannot ask a registry is pulled again, but not for every job', async () => {
    source.asksRegistries = false
    await prepare(image)
    await prepare(image)
    expect(text).toContain('image found on this host')
    const first = text.match(/@sha256:[0-9a-f]{64}/)?.[0]

    registry.change()
    source.checked.clear()
    text = ''
    await prepare(image)

    expect(text).toMatch(/@sha256:[0-9a-f]{64}/)
    expect(text).not.toContain(first)
  })

  it("that no registry has is the operator's to name, where the engine does not tell it from others", async () => {
    await prepare(image)
    source.tellsOrigins = false
    source.checked.clear()
    registry.fail(404, 2)
    source.imageMap = [{ match: 'cimg/*', image }]
    await prepare('cimg/base:current')
    source.checked.clear()
    registry.fail(404, 2)

    expect(text).toContain('no registry has it; using the image found on this host')
    await expect(prepare(image)).rejects.toMatchObject({ code: 'ORY_IMAGE_PULL' })
  })

  it('is not pulled again while the registry has the same, nor asked about for every job', async () => {
    await prepare(image)
    registry.requests.length = 0

    await prepare(image)
    const asked = registry.requests.length
    await prepare(image)

    expect(asked).toBeGreaterThan(0)
    expect(registry.requests).toHaveLength(asked)
    // The engine reads the small configuration to answer; layers are not fetched.
    expect(registry.requests.filter((request) => request.includes('/blobs/')).length).toBeLessThan(2)
  })

  it('is pulled again when its tag means another one', async () => {
    await prepare(image)
    const before = text.match(/@sha256:\S+/)?.[0]
    text = ''
    registry.change()

    await prepare(image)

    expect(text.match(/@sha256:\S+/)?.[0]).not.toBe(before)
  })

  it('110: with a digest is exactly that one and never asked about again', async () => {
    await prepare(image)
    const digest = /@(?<digest>sha256:\S+)/.exec(text)?.groups?.['digest']
    registry.change()
    const exact = `${image}:latest@${digest}`
    await prepare(exact)
    registry.requests.length = 0
    text = ''

    await prepare(exact)

    expect(text).toContain(`@${digest}`)
    expect(registry.requests).toEqual([])
  })

  it('is used from the host with a warning while the registry is broken', async () => {
    await prepare(image)
    registry.fail(500, 50)
    text = ''

    const ready = await prepare(image)
    registry.fail(0, 0)

    expect(ready.reference).toBe(image)
    expect(text).toContain('warning: the registry does not answer')
  })

  it('is asked for again after a transient error', async () => {
    registry.fail(503, 1)

    await prepare(image)

    expect(text).toContain('using image')
  })

  it('that was only tagged here is used as it is, wherever its content came from', async () => {
    await prepare(image)
    const name = `orrery-test/tagged${image.slice(-6)}`
    await docker.getImage(image).tag({ repo: name, tag: 'latest' })
    text = ''

    await prepare(name)

    expect(text).toContain('image found on this host')
    expect(text).toContain(`using image ${name}@sha256:`)
  })

  it('that does not exist is refused at once', async () => {
    const missing = `${registry.host}/missing/app`

    await expect(prepare(missing)).rejects.toMatchObject({ code: 'ORY_IMAGE_PULL' })

    expect(text).not.toContain('trying again')
  })

  it('25: for another architecture gives a warning', async () => {
    await prepare(image, undefined, 'arm64')

    expect(text).toContain('the image is built for amd64, this job needs arm64')
  })
})

describe('a private image', () => {
  beforeEach(() => {
    image = image.replace(registry.host, vault.host)
  })

  it('106: is pulled with the job’s credentials', async () => {
    await prepare(image, ann)

    expect(text).toContain(`using image ${image}@`)
    expect(text).not.toContain('sesame')
  })

  it.each([
    { what: 'a wrong password', password: 'tops3cret', says: /unauthorized|authentication required|no basic auth/i },
    { what: 'a variable that is not set', password: '$NOT_SET', says: /auth\.password names is set neither/ },
  ])('107: is refused with $what in the registry’s words, and the password stays out', async ({ password, says }) => {
    const error: unknown = await prepare(image, { username: 'ann', password }).catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ORY_IMAGE_PULL', message: expect.stringMatching(says) })
    expect(String(error) + text).not.toContain(password)
    expect(String(error) + text).not.toContain(Buffer.from(`ann:${password}`).toString('base64'))
    expect(text).not.toContain('trying again')
  })

  it('gets no credentials when a mapping puts another registry’s image in its place', async () => {
    const spec = { image: 'registry.example/acme/app', environment: {}, auth: ann }
    source.imageMap = [{ match: 'registry.example/*', image }]

    await expect(prepareImage(source, spec, 'amd64', () => undefined, never)).rejects.toMatchObject({
      code: 'ORY_IMAGE_PULL',
    })
  })

  it('left on the host by one job is not given to another without credentials', async () => {
    await prepare(image, ann)
    await prepare(image, ann)

    await expect(prepare(image)).rejects.toMatchObject({ code: 'ORY_IMAGE_PULL' })
  })
})
