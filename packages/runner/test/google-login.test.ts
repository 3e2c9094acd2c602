import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { garOf } from '../src/drivers/docker/gar.ts'
import type { ImageSource } from '../src/drivers/docker/image-source.ts'
import { prepareImage } from '../src/drivers/docker/images.ts'
import { account, type FakeGoogle, pool, startGoogle, subject } from './google.ts'
import { freshSource, type Registry, removeImagesOf, startRegistry } from './registry.ts'

// The engine pulls from a registry that takes only what Google gave out; Google itself is played.
let registry: Registry
let open: Registry
let google: FakeGoogle
let source: ImageSource
let text = ''

beforeAll(async () => {
  registry = await startRegistry('oauth2accesstoken:given-by-google')
  open = await startRegistry()
  google = await startGoogle('given-by-google')
})
afterAll(async () => {
  await removeImagesOf(registry)
  await removeImagesOf(open)
  await registry.close()
  await open.close()
  await google.close()
})
beforeEach(() => {
  source = freshSource({ gar: google })
  google.asked.length = 0
  text = ''
})

type Wish = NonNullable<Parameters<typeof prepareImage>[1]['gcpAuth']>
const wish: Wish = { serviceAccount: account, pool, provider: 'orrery', token: subject, automatic: false }

async function prepare(gcpAuth: Wish, { host } = registry): Promise<string> {
  const image = `${host}/team/app${Math.random().toString(36).slice(2, 8)}`
  const log = (part: string) => {
    text += part
  }
  await prepareImage(source, { image, environment: {}, gcpAuth }, 'amd64', log, new AbortController().signal)
  return image
}

describe('a login at Artifact Registry', () => {
  it('is had for the job’s token, by way of the pool and the service account, and kept for the next image', async () => {
    const image = await prepare(wish)
    await prepare(wish)

    expect(text).toContain(`using image ${image}@sha256:`)
    expect(text).not.toMatch(/given-by-google|ya29|head\.claims/)
    expect(google.asked).toHaveLength(2)
  })

  it.each([
    ['its full name in place of the short one', { provider: `${pool}/providers/orrery` }],
    ['the address that the console shows', { pool: `//iam.googleapis.com/${pool}` }],
  ])('takes %s', async (_, names) => {
    await prepare({ ...wish, ...names })

    expect(text).toContain('@sha256:')
  })

  it('109: is had as well when the variables of the job name the account', async () => {
    await prepare({ ...wish, automatic: true })

    expect(text).toContain('@sha256:')
    expect(text).not.toContain('without credentials')
  })

  it.each([
    ['another token', { token: 'forged.by.somebody' }, /invalid_grant: The token \*\*REDACTED\*\* is not signed/],
    ['another account', { serviceAccount: 'other@acme.iam.gserviceaccount.com' }, /PERMISSION_DENIED: Permission/],
    ['another provider', { provider: 'other' }, /invalid_target/],
  ])('is refused for %s, in Google’s words and at once', async (_, change, says) => {
    const error: unknown = await prepare({ ...wish, ...change }).catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ORY_IMAGE_PULL', message: expect.stringMatching(says) })
    expect(String(error) + text).not.toMatch(/forged\.by|ya29/)
  })

  it.each([
    ['a pool without its project', { pool: 'ci' }, /workload_identity_pool is "ci"/],
    ['a reference that nobody set', { pool: '$POOL' }, /workload_identity_pool is "\$POOL"/],
    ['an account that is a path', { serviceAccount: '../x:generate?' }, /oidc_service_account is/],
  ])('says what is wrong with %s, without asking', async (_, change, says) => {
    const error: unknown = await prepare({ ...wish, ...change }).catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ORY_BAD_REQUEST', message: expect.stringMatching(says) })
    expect(google.asked).toEqual([])
  })

  it('is asked for again after a transient error', async () => {
    google.fail(503, 1)

    await prepare(wish)

    expect(google.asked).toHaveLength(3)
  })

  it('is none for a build without an identity, which is told so', async () => {
    const { token: _, ...without } = wish

    await expect(prepare(without)).rejects.toMatchObject({ code: 'ORY_REGISTRY_IDENTITY' })
    await expect(prepare({ ...without, automatic: true })).rejects.toMatchObject({
      message: expect.stringContaining('no identity'),
    })
    expect(google.asked).toEqual([])
  })

  it('that the variables alone asked for may fail: a public image is pulled without it', async () => {
    await prepare({ ...wish, automatic: true, provider: 'other' }, open)

    expect(text).toMatch(/warning: no login by the GCP_\* variables of this job: .*invalid_target/)
    expect(text).toContain('@sha256:')
  })

  it('is not asked for where the registry is none of Google’s', async () => {
    source.gar = undefined

    await expect(prepare(wish)).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
    expect(google.asked).toEqual([])
  })
})

it.each(['europe-west1-docker.pkg.dev', 'us-docker.pkg.dev', 'gcr.io', 'eu.gcr.io'])('%s is Google’s', (host) => {
  expect(garOf(host)?.sts).toBe('https://sts.googleapis.com')
})

it.each(['us-docker.pkg.dev.evil.example', 'evil.example', 'x.y.gcr.io', 'docker.pkg.dev', '127.0.0.1:5000'])(
  '%s is not Google’s',
  (host) => {
    expect(garOf(host)).toBeUndefined()
  },
)
