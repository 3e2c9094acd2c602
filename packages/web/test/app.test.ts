import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArtifactView, JobView, PipelineView, ProjectView, TestView, WorkflowView } from '@orrery/protocol'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildWeb } from '../src/index.ts'
import { FixtureServer } from './fixture-server.ts'
import {
  artifacts,
  failedJob,
  failedLog,
  id,
  jobs,
  pipelines,
  projects,
  runningJob,
  tests,
  workflow,
} from './fixtures.ts'

const browserPath = process.env['ORRERY_CHROMIUM'] ?? '/usr/bin/chromium'
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const failedUrl = `/workflow/${workflow.id}/job/${failedJob.id}`
const runningUrl = `/workflow/${workflow.id}/job/${runningJob.id}`
const failedLogKey = `${failedJob.id}/1/103/0`
const runningLogKey = `${runningJob.id}/0/103/0`

it('the fixtures keep the contract', () => {
  for (const one of pipelines) PipelineView.parse(one)
  for (const one of projects) ProjectView.parse(one)
  for (const one of [failedJob, runningJob]) JobView.parse(one)
  for (const one of tests) TestView.parse(one)
  for (const one of artifacts) ArtifactView.parse(one)
  WorkflowView.parse(workflow)
})

describe('the app in Chromium', () => {
  let dist: string
  let browser: Browser
  let server: FixtureServer
  let base: string
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    dist = await mkdtemp(join(tmpdir(), 'orrery-web-'))
    await buildWeb(dist)
    browser = await chromium.launch({ executablePath: browserPath, args: quiet })
  })

  afterAll(async () => {
    await browser?.close()
    await rm(dist, { recursive: true, force: true })
  })

  beforeEach(async () => {
    server = new FixtureServer(dist)
    server.answers.set('/me', { login: 'ada', admin: true })
    server.answers.set('/me/ssh-keys', { items: [] })
    server.answers.set('/projects', { items: projects })
    server.answers.set('/pipelines', { items: pipelines, next: null })
    server.answers.set(`/workflows/${workflow.id}`, workflow)
    for (const job of [failedJob, runningJob]) server.answers.set(`/jobs/${job.id}`, job)
    server.answers.set(`/jobs/${failedJob.id}/tests`, { items: tests, summary: {} })
    server.answers.set(`/jobs/${failedJob.id}/artifacts`, { items: artifacts })
    Object.assign(server.log(failedLogKey), { text: failedLog, ended: true })
    base = await server.listen()
    page = await browser.newPage({ baseURL: base, colorScheme: 'light', viewport: { width: 1280, height: 860 } })
    page.setDefaultTimeout(10_000)
    complaints = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        complaints.push(message.text())
    })
  })

  afterEach(async () => {
    await page.close()
    await server.close()
    // A refusal by the content security policy is such a complaint too.
    expect(complaints).toEqual([])
  })

  it('lists pipelines with words for their states, and errors with their place', async () => {
    await page.goto('/')
    const rows = page.getByRole('list', { name: 'Pipelines, newest first' }).locator('> li')
    await rows.first().waitFor()

    expect(await rows.locator('.row-status').allInnerTexts()).toEqual(['Failing', 'Error', 'Canceled', 'On hold'])
    expect(await rows.nth(1).locator('.row-error').innerText()).toMatch(
      /\.circleci\/config\.yml:14:9\s+Cannot find a definition for command named setup-env\s+and 1 more/,
    )
    expect(await rows.nth(2).locator('.chip').allInnerTexts()).toHaveLength(2)
    expect(await page.title()).toBe('Pipelines · Orrery')
  })

  it('shows a new pipeline by itself, and does not poll', async () => {
    server.answers.set('/pipelines', { items: pipelines.slice(1), next: null })
    await page.goto('/')
    await page.getByText('#1286').waitFor()
    await expect.poll(() => server.readers).toBe(1)
    const fetches: string[] = []
    page.on('request', (request) => fetches.push(new URL(request.url()).pathname))

    server.answers.set('/pipelines', { items: pipelines, next: null })
    for (let i = 0; i < 20; i++) server.emit({ pipelineId: id('pipeline', 1287) })
    await page.getByText('#1287').waitFor()

    expect(fetches.filter((path) => path === '/api/private/pipelines').length).toBeLessThanOrEqual(2)
  })

  it('says how to begin when there is nothing yet', async () => {
    server.answers.set('/pipelines', { items: [], next: null })
    server.answers.set('/projects', { items: [] })
    await page.goto('/')

    await page.getByText('orrery project add ~/code/shop --name acme/shop').waitFor()
    await page.getByText(`git push ${base}/git/local/acme/shop.git HEAD`).waitFor()
  })

  it('filters projects with the keyboard', async () => {
    await page.goto('/')
    await page.getByRole('button', { name: 'Project: All projects' }).click()
    await page.keyboard.type('bill')
    await page.keyboard.press('Enter')

    await page.waitForURL('**/pipelines?project=local%2Facme%2Fbilling')
    await page.getByRole('button', { name: 'Project: acme/billing' }).waitFor()
  })

  it('shows every error of a pipeline with its source lines, also under the address by id', async () => {
    const errored = pipelines[1]
    server.answers.set(`/pipelines/${errored?.id}`, errored)
    server.answers.set('/pipelines?project=local%2Facme%2Fshop&before=1287&limit=1', { items: [errored], next: null })
    await page.goto(`/pipeline/${errored?.id}`)
    await page.waitForURL('**/pipelines/local/acme/shop/1286')
    const errors = page.getByRole('list', { name: 'Errors' }).locator('> li')

    expect(await errors.first().innerText()).toContain('14 |       - setup-env')
    expect(await errors.first().innerText()).toContain('.circleci/config.yml:14:9')
    expect(await errors.count()).toBe(2)
  })

  it('draws the workflow and approves after asking', async () => {
    await page.goto(`/workflow/${workflow.id}`)
    await page.locator('.node').first().waitFor()
    expect(await page.locator('.node').count()).toBe(jobs.length)

    await page
      .locator('.graph')
      .getByRole('button', { name: /approve-release/ })
      .click()
    const dialog = page.getByRole('dialog', { name: 'Approve approve-release?' })
    expect(await dialog.innerText()).toContain('deploy-production')
    expect(server.requests).toEqual([])
    await dialog.getByRole('button', { name: 'Approve' }).click()
    await dialog.waitFor({ state: 'detached' })

    expect(server.requests).toEqual([
      {
        method: 'POST',
        path: `/api/v2/workflow/${workflow.id}/approve/${id('request', 6)}`,
        body: {},
        header: '1',
      },
    ])
  })

  it('moves through the graph with arrow keys and opens a job with Enter', async () => {
    await page.goto(`/workflow/${workflow.id}`)
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-job'))
    await page.locator(`[data-job="${id('job', 2)}"]`).focus()

    await page.keyboard.press('ArrowRight')
    expect([3, 4, 5].map((n) => id('job', n))).toContain(await focused())
    await page.keyboard.press('ArrowRight')
    expect(await focused()).toBe(id('job', 7))
    await page.keyboard.press('End')
    expect(await focused()).toBe(id('job', 8))

    await page.locator(`[data-job="${id('job', 3)}"]`).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(`**${failedUrl}`)
  })

  it('cancels what runs, and reruns what has ended', async () => {
    await page.goto(`/workflow/${workflow.id}`)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Canceling build-and-deploy').waitFor()

    server.answers.set(`/workflows/${workflow.id}`, { ...workflow, status: 'failed' })
    server.answers.set(`POST /api/v2/workflow/${workflow.id}/rerun`, { workflow_id: id('workflow', 9) })
    server.answers.set(`/workflows/${id('workflow', 9)}`, { ...workflow, id: id('workflow', 9), name: 'again' })
    server.emit({ workflowId: workflow.id })
    await page.getByRole('button', { name: 'Rerun from failed' }).click()
    await page.waitForURL(`**/workflow/${id('workflow', 9)}`)

    expect(server.requests.map(({ path, body }) => [path, body])).toEqual([
      [`/api/v2/workflow/${workflow.id}/cancel`, {}],
      [`/api/v2/workflow/${workflow.id}/rerun`, { from_failed: true }],
    ])
  })

  it('offers a rerun with SSH to those who have a key, asks, and can do with the keyboard alone', async () => {
    const button = page.getByRole('button', { name: 'Rerun with SSH' })
    await page.goto(failedUrl)
    await page.getByRole('button', { name: 'Rerun workflow' }).waitFor()
    expect(await button.count()).toBe(0)

    const key = { id: id('request', 1), name: 'ada@home', publicKey: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:abc' }
    server.answers.set('/me/ssh-keys', { items: [{ ...key, createdAt: new Date().toISOString() }] })
    server.answers.set(`POST /api/v2/workflow/${workflow.id}/rerun`, { workflow_id: id('workflow', 9) })
    server.answers.set(`/workflows/${id('workflow', 9)}`, { ...workflow, id: id('workflow', 9), name: 'again' })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.reload()
    await button.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: `Rerun ${failedJob.name} with SSH?` })
    expect(await dialog.innerText()).toContain('SHA256:abc')
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog.count()).toBe(0)
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(server.requests).toEqual([])
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Rerun with SSH' }).press('Enter')
    await page.waitForURL(`**/workflow/${id('workflow', 9)}`)

    expect(server.requests.map(({ path, body }) => [path, body])).toEqual([
      [`/api/v2/workflow/${workflow.id}/rerun`, { jobs: [failedJob.id], enable_ssh: true }],
    ])

    server.answers.set(`/jobs/${failedJob.id}`, { ...failedJob, canRerunWithSsh: false })
    await page.goto(failedUrl)
    await page.getByRole('button', { name: 'Rerun workflow' }).waitFor()
    expect(await button.count()).toBe(0)
  })

  it('opens the failed node and step, with the log as a terminal would show it', async () => {
    await page.goto(failedUrl)
    const log = page.getByRole('region', { name: 'Log of npm test' })
    await log.getByText('Tests:').waitFor()

    expect(await page.locator('.nodes [aria-current]').innerText()).toMatch(/1$/)
    const rows = (await log.locator('.log-text').allInnerTexts()).slice(-6)
    expect(rows).toEqual([
      ' ✗ checkout charges once',
      '   AssertionError: expected 2 to be 1',
      '     at checkout.test.ts:41:18',
      ' FAIL  checkout.test.ts',
      'compressing 100%',
      'Tests: 1 failed, 60 passed',
    ])
    expect(await log.locator('.ansi-red-fg', { hasText: 'checkout charges once' }).count()).toBe(1)
    await expect.poll(() => log.evaluate((element) => element.getBoundingClientRect().bottom)).toBeLessThan(860)
    expect(
      await page.locator('[data-step="103.0"] h3').evaluate((element) => element.getBoundingClientRect().top),
    ).toBeGreaterThanOrEqual(48)
  })

  it('says what a job waited and used', async () => {
    await page.goto(failedUrl)
    const facts = page.locator('dl.facts > div')
    await facts.first().waitFor()

    expect((await facts.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '))).toEqual(
      expect.arrayContaining(['Waited 5s', 'Processor time 1m 20s', 'Most memory 450 MB']),
    )
  })

  it('shows log lines as they come, follows the end, and lets go when the reader scrolls up', async () => {
    server.append(runningLogKey, Array.from({ length: 300 }, (_, i) => `line ${i + 1}\n`).join(''))
    await page.goto(runningUrl)
    await page.getByText('line 300', { exact: true }).waitFor()

    server.append(runningLogKey, 'line 301\nhalf a')
    await page.getByText('half a', { exact: true }).waitFor()
    server.append(runningLogKey, ' line\n')
    await page.getByText('half a line', { exact: true }).waitFor()

    await page
      .getByRole('region', { name: 'Log of Run the browser tests' })
      .evaluate((element) => element.scrollTo(0, 0))
    await page.getByRole('button', { name: 'Follow' }).waitFor()
    server.append(runningLogKey, 'unseen\n')
    await page.getByText('303 lines').waitFor()
    expect(await page.getByText('unseen').count()).toBe(0)
    await page.getByRole('button', { name: 'Follow' }).click()
    await page.getByText('unseen').waitFor()
  })

  it('wraps long lines on request, without lines over each other', async () => {
    server.append(runningLogKey, `first\n${'long words '.repeat(200)}\nlast\n`)
    await page.goto(runningUrl)
    await page.getByRole('button', { name: 'Wrap long lines' }).click()
    const boxes = () =>
      page
        .locator('.log-row')
        .evaluateAll((rows) =>
          rows.map((row) => row.getBoundingClientRect()).map(({ top, bottom, height }) => ({ top, bottom, height })),
        )
    await expect.poll(async () => (await boxes())[1]?.height ?? 0).toBeGreaterThan(100)

    const [, long, last] = await boxes()
    expect(last?.top).toBeGreaterThanOrEqual(long?.bottom ?? Number.POSITIVE_INFINITY)
  })

  it('goes on at the right byte when the server was away, and says so meanwhile', async () => {
    server.append(runningLogKey, 'größe one\n')
    await page.goto(runningUrl)
    await page.getByText('größe one').waitFor()

    await server.close()
    await page.getByText('Live updates are interrupted').waitFor()
    server.append(runningLogKey, 'while away\n')
    await server.listen(Number(new URL(base).port))
    await page.getByText('while away').waitFor()
    await page.getByText('Live updates are interrupted').waitFor({ state: 'detached' })

    const rows = page.getByRole('region', { name: 'Log of Run the browser tests' }).locator('.log-text')
    expect(await rows.allInnerTexts()).toEqual(['größe one', 'while away'])
    complaints = complaints.filter((text) => !text.includes('EventSource'))
  })

  it('holds a hundred thousand lines, finds one, and links to it', async () => {
    const lines = Array.from(
      { length: 100_000 },
      (_, i) => `\x1b[32m${i + 1}\x1b[0m ${i === 77_776 ? 'NEEDLE' : 'hay'}`,
    )
    server.append(runningLogKey, `${lines.join('\n')}\n`)
    await page.goto(runningUrl)
    await page.getByText('100,000 lines').waitFor()
    expect(await page.locator('.log-row').count()).toBeLessThan(150)

    await page.keyboard.press('/')
    await page.keyboard.type('needle')
    await page.keyboard.press('Enter')
    await page.locator('mark', { hasText: 'NEEDLE' }).waitFor()
    await page.getByText('1 of 1').waitFor()
    await page.getByRole('link', { name: 'Link to line 77777', exact: true }).click()
    await page.waitForURL('**?node=0&step=103#L77777')

    await page.reload()
    await page.locator('.log-row[data-target="true"]', { hasText: '77777 NEEDLE' }).waitFor()
  })

  it('shows failed tests first, and artifacts with links', async () => {
    await page.goto(`${failedUrl}?tab=tests`)
    const found = page.getByRole('list', { name: 'Tests' }).locator('> li')
    await found.first().waitFor()
    expect(await found.first().innerText()).toContain('AssertionError: expected 2 to be 1')
    expect(await page.locator('.tests-summary').first().innerText()).toBe(
      '1 failed · 1 skipped · 1 passed · 1 flaky in 1s',
    )
    expect(await found.locator('.tag', { hasText: 'flaky' }).count()).toBe(1)

    await page.getByRole('link', { name: 'Artifacts' }).click()
    const link = page.getByRole('link', { name: /screenshots\/checkout\.png/ })
    expect(await link.getAttribute('href')).toBe('/artifacts/1/screenshots/checkout.png')
  })

  it('reruns failed tests alone', async () => {
    server.answers.set(`POST /api/v2/workflow/${workflow.id}/rerun`, { workflow_id: id('workflow', 9) })
    server.answers.set(`/workflows/${id('workflow', 9)}`, { ...workflow, id: id('workflow', 9), name: 'again' })
    const ended = { ...failedJob.workflow, status: 'failed' }
    server.answers.set(`/jobs/${failedJob.id}`, { ...failedJob, workflow: ended })
    await page.goto(`${failedUrl}?tab=tests`)
    await page.getByRole('button', { name: 'Rerun failed tests' }).click()
    await page.waitForURL(`**/workflow/${id('workflow', 9)}`)

    expect(server.requests.map(({ path, body }) => [path, body])).toEqual([
      [`/api/v2/workflow/${workflow.id}/rerun`, { failed_tests: true }],
    ])
  })

  it('sums up the coverage reports among the artifacts', async () => {
    const report = { report: 'lcov.info', format: 'lcov', nodeIndex: 0, files: [] }
    const summary = { lines: { covered: 1999, total: 2000 }, branches: { covered: 1, total: 3 } }
    server.answers.set(`/jobs/${failedJob.id}/coverage`, { items: [report], summary })
    await page.goto(`${failedUrl}?tab=artifacts`)

    const line = page.locator('.coverage')
    await line.waitFor()
    expect(await line.innerText()).toBe('Coverage: 99.9% of 2,000 lines, 33.3% of 3 branches')
  })

  it('finds a job by its number, as stored links do', async () => {
    await page.goto(`/pipelines/local/acme/shop/1287/workflows/${workflow.id}/jobs/403`)

    await page.waitForURL(`**${failedUrl}`)
  })

  it('remembers the theme', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    await page.goto('/')
    const light = await ground()
    await page.getByRole('button', { name: /^Theme/ }).click()
    await page.getByRole('button', { name: /^Theme: light/ }).click()
    await page.getByRole('button', { name: /^Theme: dark/ }).waitFor()
    const dark = await ground()
    await page.reload()
    await page.getByRole('button', { name: /^Theme: dark/ }).waitFor()

    expect(dark).not.toBe(light)
    expect(await ground()).toBe(dark)
  })

  it('asks for a token, says when it is wrong, and goes on to the page that was asked for', async () => {
    server.loggedIn = false
    await page.goto(`/workflow/${workflow.id}`)
    await page.getByLabel('Personal token').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('Invalid token provided.').waitFor()
    await page.getByLabel('Personal token').fill('right')
    await page.keyboard.press('Enter')

    await page.getByRole('heading', { name: 'build-and-deploy' }).waitFor()
    expect(server.requests.every((request) => request.header === '1')).toBe(true)
  })

  it('shows the keys on ?, and a way back from an address that is not there', async () => {
    await page.goto('/nowhere')
    await page.getByText('There is no page at this address').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('g')
    await page.keyboard.press('p')
    await page.getByText('#1287').waitFor()
  })

  it('offers another try when the server refuses', async () => {
    server.answers.delete(`/workflows/${workflow.id}`)
    await page.goto(`/workflow/${workflow.id}`)
    await page.getByRole('alert').getByText('not found').waitFor()
    server.answers.set(`/workflows/${workflow.id}`, workflow)
    await page.getByRole('button', { name: 'Try again' }).click()

    await page.getByRole('heading', { name: 'build-and-deploy' }).waitFor()
  })
})
