import { describe, expect, it } from 'vitest'
import { mapImage, parseReference, registryOf } from './image-map.ts'

describe('mapImage', () => {
  const rules = [
    { match: 'cimg/node:22.*', image: 'local/node:22' },
    { match: 'cimg/*', image: 'local/base' },
    { match: '*/postgres:*-alpine', image: 'local/pg' },
    { match: 'redis:latest', image: 'local/redis' },
  ]

  it.each([
    ['cimg/node:22.1', 'local/node:22'],
    ['cimg/node:20', 'local/base'],
    ['cimg/go:1.2@sha256:aa', 'local/base'],
    ['registry.test:5000/a/postgres:15-alpine', 'local/pg'],
    ['registry.test:5000/a/postgres:15', undefined],
    ['redis', 'local/redis'],
    ['redis:7', undefined],
    ['xcimg/node:22.1', undefined],
  ])('%s -> %s', (image, expected) => {
    expect(mapImage(rules, image)).toBe(expected)
  })

  it('does not use the same characters twice', () => {
    expect(mapImage([{ match: 'ab*ba', image: 'x' }], 'aba')).toBeUndefined()
  })

  it('stays fast with a pattern made to backtrack', () => {
    const match = `${'*a'.repeat(200)}*b`
    const before = performance.now()

    expect(mapImage([{ match, image: 'x' }], 'a'.repeat(10_000))).toBeUndefined()
    expect(performance.now() - before).toBeLessThan(200)
  })
})

describe('references', () => {
  it.each([
    ['node', { repository: 'node' }, 'https://index.docker.io/v1/'],
    ['cimg/node:22', { repository: 'cimg/node', tag: '22' }, 'https://index.docker.io/v1/'],
    ['localhost:5000/app', { repository: 'localhost:5000/app' }, 'localhost:5000'],
    ['ghcr.io/a/b:1@sha256:ff', { repository: 'ghcr.io/a/b', tag: '1', digest: 'sha256:ff' }, 'ghcr.io'],
  ])('%s', (image, parts, registry) => {
    expect(parseReference(image)).toEqual(parts)
    expect(registryOf(image)).toBe(registry)
  })
})
