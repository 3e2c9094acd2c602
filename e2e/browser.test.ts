import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { launchBrowser } from './kit/browser.ts'
import { Orrery } from './kit/orrery.ts'
import { Repository } from './kit/repository.ts'

let orrery: Orrery
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  orrery = await Orrery.start()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await orrery?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${orrery.url}/login?token=${await orrery.token()}`)
})
afterEach(async () => {
  await page.close()
  expect(complaints).toEqual([])
})

it('shows a pushed commit, its job and its live log, and turns green by itself', async () => {
  const repository = await Repository.create(orrery, 'watched', {
    '.circleci/config.yml': `version: 2.1
jobs:
  build:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps:
      - run: { name: Work, command: 'echo begun; until [ -e /tmp/go ]; do sleep 0.1; done & sleep 1.5; touch /tmp/go; wait; printf "\\033[32mdone in green\\033[0m\\n"' }
workflows: { main: { jobs: [build] } }
`,
  })
  await page.getByText('Pipelines').first().waitFor()

  const pipeline = await repository.pipeline({ 'a.txt': 'x' }, 'A commit to watch')

  // no reload: the row comes by the event stream
  await page.getByText('A commit to watch').waitFor()
  await page.goto(`${orrery.url}/workflow/${(await workflowOf(pipeline.id)).id}`)
  await page.getByText('build', { exact: true }).first().click()
  await page.getByText('begun', { exact: true }).waitFor()
  // green by itself, without a reload; a step that succeeded folds up
  await page.getByText('Success', { exact: true }).first().waitFor()
  await page.getByRole('button', { name: /Work/, expanded: false }).click()
  await page.getByText('done in green', { exact: true }).waitFor()
})

it('shows file, line and reason of a broken config', async () => {
  const repository = await Repository.create(orrery, 'broken', {
    '.circleci/config.yml':
      'version: 2.1\njobs:\n  build:\n    docker: [{ image: cimg/base:2024.02 }]\n    steps:\n      - runn: echo\n',
  })

  const pipeline = await repository.pipeline({ 'a.txt': 'x' })
  await page.goto(`${orrery.url}/pipeline/${pipeline.id}`)

  await page
    .getByText(/\.circleci\/config\.yml:6/)
    .first()
    .waitFor()
  await page
    .getByText(pipeline.errors[0]?.message ?? 'no error')
    .first()
    .waitFor()
})

it('approves, and the workflow goes on', async () => {
  const repository = await Repository.create(orrery, 'held', {
    '.circleci/config.yml': `version: 2.1
jobs: { deploy: { docker: [{ image: 'cimg/base:2024.02' }], steps: [run: echo deployed] } }
workflows: { main: { jobs: [{ gate: { type: approval } }, { deploy: { requires: [gate] } }] } }
`,
  })
  const pipeline = await repository.pipeline()
  const workflow = await workflowOf(pipeline.id)
  await page.goto(`${orrery.url}/workflow/${workflow.id}`)

  await page
    .getByRole('button', { name: /approve/i })
    .first()
    .click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /approve/i })
    .click()

  await page.getByRole('row', { name: /deploy Success/ }).waitFor()
  await page.getByText('Success', { exact: true }).first().waitFor()
  expect((await (await orrery.client()).workflow(workflow.id)).status).toBe('success')
})

async function workflowOf(pipelineId: string) {
  const [workflow] = (await (await orrery.client()).pipeline(pipelineId)).workflows
  if (!workflow) throw new Error('no workflow')
  return workflow
}
