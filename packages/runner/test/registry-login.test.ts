import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ecrOf } from '../src/drivers/docker/ecr.ts'
import type { ImageSource } from '../src/drivers/docker/image-source.ts'
import { prepareImage } from '../src/drivers/docker/images.ts'
import { type FakeEcr, startEcr, trusted } from './ecr.ts'
import { freshSource, type Registry, removeImagesOf, startRegistry } from './registry.ts'

// The engine pulls from a registry that takes only what AWS gave out; AWS itself is played, signatures are checked.
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
let registry: Registry
let ecr: FakeEcr
let source: ImageSource
let image: string
let text = ''

beforeAll(async () => {
  registry = await startRegistry('AWS:given-by-aws')
  ecr = await startEcr({ id: keys.accessKeyId, secret: keys.secretAccessKey }, 'AWS:given-by-aws')
})
afterAll(async () => {
  await removeImagesOf(registry)
  await registry.close()
  await ecr.close()
})
beforeEach(() => {
  source = freshSource({ ecr })
  image = `${registry.host}/team/app${Math.random().toString(36).slice(2, 8)}`
  ecr.asked = 0
  text = ''
})

type Login = Pick<Parameters<typeof prepareImage>[1], 'awsAuth'>
async function prepare(login: Login): Promise<void> {
  const log = (part: string) => {
    text += part
  }
  await prepareImage(source, { image, environment: {}, ...login }, 'amd64', log, new AbortController().signal)
}

describe('a login at ECR', () => {
  it('108: by keys: the image is pulled with what AWS gives for them, asked for once', async () => {
    await prepare({ awsAuth: keys })
    await prepare({ awsAuth: keys })

    expect(text).toContain(`using image ${image}@sha256:`)
    expect(text).not.toMatch(/given-by-aws|wJalr/)
    expect(ecr.asked).toBe(1)
  })

  it.each([
    { what: 'an unknown key', awsAuth: { ...keys, accessKeyId: 'AKIDOTHER' }, says: /UnrecognizedClientException/ },
    { what: 'a wrong secret', awsAuth: { ...keys, secretAccessKey: 'guessed' }, says: /InvalidSignature/ },
  ])('with $what is refused in AWS’s words, at once and without the secret', async ({ awsAuth, says }) => {
    const error: unknown = await prepare({ awsAuth }).catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ORY_IMAGE_PULL', message: expect.stringMatching(says) })
    expect(String(error) + text).not.toContain(awsAuth.secretAccessKey)
    expect(ecr.asked).toBe(1)
  })

  it('is asked for again after a transient error', async () => {
    ecr.fail(500, 1)

    await prepare({ awsAuth: keys })

    expect(ecr.asked).toBe(2)
  })

  it('that AWS cannot give now leaves what the host has, with a warning', async () => {
    await prepare({ awsAuth: keys })
    source.logins.clear()
    ecr.fail(503, 4)
    text = ''

    await prepare({ awsAuth: keys })

    expect(text).toContain('warning: the registry does not answer')
  })

  it('is not asked for where the registry is none of AWS’s', async () => {
    source.ecr = undefined

    await expect(prepare({ awsAuth: keys })).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
  })
})

describe('a login by a role', () => {
  it('is had for keys that AWS lends to the job’s token', async () => {
    await prepare({ awsAuth: { roleArn: trusted.role, token: trusted.token } })

    expect(text).toContain(`using image ${image}@sha256:`)
    expect(text).not.toMatch(/given-by-aws|wJalr|lent|signature/)
  })

  it.each([
    ['another role', { roleArn: 'arn:aws:iam::123456789012:role/other', token: trusted.token }],
    ['another token', { roleArn: trusted.role, token: 'forged.token.here' }],
  ])('is refused for %s, in AWS’s words and without the token', async (_, awsAuth) => {
    const error: unknown = await prepare({ awsAuth }).catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ORY_IMAGE_PULL', message: expect.stringContaining('AccessDenied') })
    expect(String(error) + text).not.toContain(awsAuth.token)
    expect(String(error)).toContain(awsAuth.roleArn)
  })
})

it('by a role is none for a build without an identity, which is told what to do instead', async () => {
  const awsAuth = { roleArn: 'arn:aws:iam::123456789012:role/pull' }

  await expect(prepare({ awsAuth })).rejects.toMatchObject({ code: 'ORY_REGISTRY_IDENTITY' })
})

it.each([
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'https://api.ecr.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['123456789012.dkr.ecr-fips.us-east-1.amazonaws.com', 'https://ecr-fips.us-east-1.amazonaws.com', 'us-east-1'],
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'https://api.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['123456789012.dkr-ecr.eu-west-1.on.aws', 'https://api.ecr.eu-west-1.amazonaws.com', 'eu-west-1'],
])('%s asks %s', (registryHost, endpoint, region) => {
  const sts = endpoint.replace(/api\.ecr|ecr/, 'sts')
  expect(ecrOf(registryHost)).toEqual({ endpoint, region, sts })
})

it.each([
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example',
  '123456789012.dkr.ecr.evil.example/.amazonaws.com',
  '123456789012.dkr.ecr.a.b.amazonaws.com',
  'public.ecr.aws',
  '127.0.0.1:5000',
])('%s is no registry of AWS', (registryHost) => {
  expect(ecrOf(registryHost)).toBeUndefined()
})
