import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Installation, type TestProject } from '../kit/installation.ts'
import { jobNamed, statuses, untilEnd } from '../kit/outcome.ts'
import { images, SeenJob, say } from './behaviour.ts'

let installation: Installation
beforeAll(async () => {
  installation = await Installation.start({ cancelGraceS: 1 })
})
afterAll(async () => {
  await installation?.[Symbol.asyncDispose]()
})

const later = [say('always', 'true', { when: 'always' }), { store_artifacts: { path: '/etc/hostname' } }]

function job(steps: unknown[], more: object = {}) {
  return { docker: [{ image: images.base }], steps, ...more }
}

async function push(project: TestProject, config: object): Promise<string> {
  const file = '.circleci/config.yml'
  const revision = await project.commit({ [file]: JSON.stringify({ version: 2.1, ...config }) }, [file])
  await project.git('push', '-q', project.repository, 'main')
  return revision
}

describe('11, 13, 14: cancel', () => {
  it('lets steps say their last words, kills what does not obey, runs nothing after it', async () => {
    const config = {
      jobs: {
        obeys: job([say('s', 'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done'), ...later]),
        ignores: job([
          say('s', 'trap "" TERM; (trap "" TERM; setsid nohup sleep 1000 &) ; echo ready; while :; do sleep 0.2; done'),
          ...later,
        ]),
        background: job([
          say('server', 'echo ready; sleep 1000', { background: true }),
          { run: { command: 'sleep 1000', max_auto_reruns: 3, name: 'rerun' } },
          ...later,
        ]),
      },
      workflows: { main: { jobs: ['obeys', 'ignores', 'background'] } },
    }
    const project = await installation.project('cancel', {})
    const { client } = installation
    const ready = new Set<string>()

    const id = await project.start(await push(project, config))
    const result = await untilEnd(client, id, {
      log(view, _task, _step, text) {
        if (!/^ready/m.test(text) || ready.has(view.name)) return
        ready.add(view.name)
        if (ready.size === 3) void client.cancelWorkflow(view.workflow.id)
      },
    })

    expect(statuses(result)).toEqual({ obeys: 'canceled', ignores: 'canceled', background: 'canceled' })
    const seen = async (name: string) => new SeenJob(await jobNamed(client, result, name), client)
    const obeys = await seen('obeys')
    expect(obeys.ran()).toEqual(['s canceled null'])
    expect(await obeys.output('s')).toMatch(/^ready\n(?:Terminated\n)?bye\n\nThe job was canceled\.\n$/)
    expect((await seen('ignores')).ran()).toEqual(['s canceled null'])
    expect((await seen('background')).ran().sort()).toEqual(['rerun canceled null', 'server canceled null'])
    expect(await client.artifacts(obeys.view.id)).toEqual([])
  })
})

describe('30, 80, 81, 173: reruns', () => {
  it('gives a failed workflow its automatic rerun after the steps had theirs, then obeys people', async () => {
    const facts = 'echo "$CIRCLE_WORKFLOW_ID $CIRCLE_WORKFLOW_WORKSPACE_ID"'
    const config = {
      jobs: {
        green: job([say('ids', facts)]),
        red: job([say('ids', facts), { run: { name: 's', command: 'exit 1', max_auto_reruns: 1 } }]),
        after: job([{ run: 'true' }]),
      },
      workflows: { main: { max_auto_reruns: 1, jobs: ['green', 'red', { after: { requires: ['red'] } }] } },
    }
    const project = await installation.project('reruns', {})
    const { client } = installation

    const id = await project.start(await push(project, config))
    const first = await untilEnd(client, id)

    expect(first.workflows.map(({ status }) => status)).toEqual(['failed', 'failed'])
    const byAge = (views: typeof first.workflows) => views.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    const [original, rerun] = byAge(first.workflows)
    if (!original || !rerun) throw new Error('no rerun')
    const jobOf = async (workflow: typeof original, name: string) =>
      new SeenJob(await client.job(workflow.jobs.find((one) => one.name === name)?.id ?? ''), client)
    expect((await jobOf(rerun, 'red')).ran()).toEqual(['ids success 0', 's failed 1', 's failed 1'])
    // The green one did not run again: its number is that of the first run.
    const greens = await Promise.all([original, rerun].map((workflow) => jobOf(workflow, 'green')))
    expect(greens[1]?.view.jobNumber).toBe(greens[0]?.view.jobNumber)
    const green = (await greens[0]?.output('ids'))?.trim().split(' ')
    const again = (await (await jobOf(rerun, 'red')).output('ids')).trim().split(' ')
    expect([green, again]).toEqual([
      [original.id, original.id],
      [rerun.id, original.id],
    ])

    await client.rerun(rerun.id, true)
    const second = await untilEnd(client, id)

    expect(second.workflows.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
    expect(byAge(second.workflows)[2]?.jobs.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'green success',
      'red failed',
      'after not_run',
    ])
  })
})

describe('73, 74, 147: a tag', () => {
  it('is checked out at its commit, though the tag has moved since; submodules are left to the job', async () => {
    const config = {
      jobs: {
        build: job([
          'checkout',
          say('tag', 'git describe --tags --exact-match; git symbolic-ref -q HEAD || echo detached'),
          say('facts', 'echo "$CIRCLE_TAG ${CIRCLE_BRANCH-unset}"; [ "$(git rev-parse HEAD)" = "$CIRCLE_SHA1" ]'),
          // 145
          say('submodule', 'ls mod | wc -l; git submodule --quiet update --init 2>&1 | tail -n 1; cat mod/note.txt'),
        ]),
      },
      workflows: { main: { jobs: [{ build: { filters: { tags: { only: '/.*/' } } } }] } },
    }
    const { client, server } = installation
    const project = await installation.project('tagged', { 'note.txt': 'in the submodule\n' })
    const own = `${server.url}/git/local/acme/tagged.git`
    const base = await project.git('rev-parse', 'HEAD')
    await project.git('update-index', '--add', '--cacheinfo', `160000,${base},mod`)
    await project.commit({ '.gitmodules': `[submodule "mod"]\n  path = mod\n  url = ${own}\n` }, ['.gitmodules'])
    await push(project, config)
    await project.git('tag', 'v1.0')
    await project.git('push', '-q', project.repository, 'v1.0')

    const answer = await fetch(`${server.url}/api/v2/project/local/acme/tagged/pipeline`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.createUserToken('ada')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tag: 'v1.0' }),
    })
    const { id } = (await answer.json()) as { id: string }
    const result = await untilEnd(client, id)

    const build = new SeenJob(await jobNamed(client, result, 'build'), client)
    expect(await build.output('tag')).toBe('v1.0\ndetached\n')
    expect(await build.output('facts')).toBe('v1.0 unset\n')
    expect(await build.output('submodule')).toMatch(/^0\n(?:.*\n)*in the submodule\n$/)
    expect(statuses(result)).toEqual({ build: 'success' })
  })
})

it('12, 162: a job ends at its maximum run time, whatever its steps allow themselves', async () => {
  await using other = await Installation.start({ cancelGraceS: 1, maxRunTimeS: 2 })
  const project = await other.project('long', {})
  const steps = [say('s', 'trap "" TERM; echo go; sleep 1000', { no_output_timeout: '1.25h' }), ...later]

  const id = await project.start(await push(project, { jobs: { build: job(steps) } }))
  const result = await untilEnd(other.client, id)

  expect(statuses(result)).toEqual({ build: 'timedout' })
  const build = new SeenJob(await jobNamed(other.client, result, 'build'), other.client)
  expect(build.ran()).toEqual(['s timedout null'])
  expect(await build.output('s')).toMatch(/maximum run time of 2s/)
})
