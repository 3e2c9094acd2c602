import { afterAll, beforeAll, expect, it } from 'vitest'
import { Orrery } from './kit/orrery.ts'
import { jobNamed, logOf, statuses, untilEnd } from './kit/outcome.ts'
import { Repository } from './kit/repository.ts'

let orrery: Orrery
beforeAll(async () => {
  orrery = await Orrery.start()
})
afterAll(async () => {
  await orrery?.[Symbol.asyncDispose]()
})

const config = `version: 2.1
jobs:
  make:
    docker: [{ image: 'busybox:1.36' }]
    steps:
      - checkout
      - restore_cache: { keys: [things-v1] }
      - run: { name: Make, command: 'cat note.txt; mkdir -p things; echo kept > things/a; ln -sf a things/b; [ -t 1 ] && echo on a terminal' }
      - save_cache: { key: things-v1, paths: [things] }
      - persist_to_workspace: { root: ., paths: [things] }
      - store_artifacts: { path: things }
  use:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps:
      - attach_workspace: { at: . }
      - run: { name: Use, command: 'cat things/b; readlink things/b' }
workflows: { main: { jobs: [make, { use: { requires: [make] } }] } }
`

it('runs every kind of step in an image with nothing but busybox: no bash, git, tar, passwd or certificates', async () => {
  const repository = await Repository.create(orrery, 'bare', {
    'note.txt': 'from git\n',
    '.circleci/config.yml': config,
  })
  const client = await orrery.client()

  await untilEnd(client, (await repository.pipeline()).id)
  const result = await untilEnd(client, (await repository.pipeline({ 'note.txt': 'again\n' })).id)

  expect(statuses(result)).toEqual({ make: 'success', use: 'success' })
  const make = await jobNamed(client, result, 'make')
  expect(await logOf(client, make, 'Checkout code')).toContain('no git')
  expect(await logOf(client, make, 'Make')).toMatch(/^#!\/bin\/sh -eo pipefail\n[\s\S]*again\r\non a terminal\r\n/)
  expect(await logOf(client, make, 'Restoring Cache')).toContain('Found a cache from build 1 at things-v1')
  expect((await client.artifacts(make.id)).map((one) => one.path)).toEqual(['things/a', 'things/b'])
  expect(await logOf(client, await jobNamed(client, result, 'use'), 'Use')).toContain('kept\r\na\r\n')
})
