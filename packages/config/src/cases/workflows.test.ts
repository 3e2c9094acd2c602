import { describe } from 'vitest'
import { onBranch } from '../testing/compile.ts'
import { B, commands, graph, jobsOf, names, runs, spec, valueCases, withCondition, withWorkflow } from './harness.ts'

const parameterised =
  '{parameters: {who: {type: string}}, docker: [{image: x}], steps: [{run: "hi << parameters.who >>"}]}'
const workflow = (body: string) => `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [build], ${body}}}`
const scheduled = (cron: string, filters = '{branches: {only: main}}') =>
  `triggers: [{schedule: {cron: "${cron}", filters: ${filters}}}]`
const two = (first: string, second: string, jobs = `build: ${B}`) =>
  `version: 2.1\njobs: {${jobs}}\nworkflows:\n  one: {jobs: [${first}]}\n  two: {jobs: [${second}]}\n`

/** Workflows that use so many contexts of their own. */
function contexts(counts: number[]): string {
  const list = (workflow: number, count: number) =>
    Array.from({ length: count }, (_, i) => `c${workflow}-${i}`).join(', ')
  const workflows = counts.map((count, i) => `  w${i}: {jobs: [{build: {context: [${list(i, count)}]}}]}\n`)
  return `version: 2.1\njobs: {build: ${B}}\nworkflows:\n${workflows.join('')}`
}

describe('workflows: values', () => {
  valueCases([
    {
      name: '213 the implicit workflow',
      config: `version: 2.1\njobs: {build: ${B}}`,
      see: (r) => r.plan?.workflows.map((one) => [one.name, one.jobs.map((job) => job.name)]),
      is: [['workflow', ['build']]],
    },
    {
      name: '215 do nothing',
      config: '{version: 2, jobs: {}, workflows: {version: 2}}',
      see: (r) => [r.ok, r.plan],
      is: [true, { outcome: 'noWorkflows', workflows: [], schedules: [] }],
    },
    {
      name: '216, 253 only a scheduled workflow',
      config: workflow(scheduled('5 4 * * 1,3,4,5,6')),
      see: (r) => r.plan,
      is: {
        outcome: 'noWorkflows',
        workflows: [],
        schedules: [{ workflow: 'w', cron: '5 4 * * 1,3,4,5,6', branches: { only: ['main'] } }],
      },
    },
    {
      name: 'a schedule of another branch',
      values: onBranch('dev'),
      config: workflow(scheduled('0 0 * * *')),
      see: (r) => r.plan?.schedules,
      is: [],
    },
    {
      name: '220 a dropped workflow is not checked',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [build]}, v: {when: false, jobs: [{build: {requires: [biuld]}}]}}`,
      see: names,
      is: ['build'],
    },
    {
      name: '221 all dropped',
      config: withCondition('when: false'),
      see: (r) => [r.ok, r.plan?.outcome],
      is: [true, 'noWorkflows'],
    },
    {
      name: '223 a null condition drops the workflow',
      config: withCondition('when:'),
      see: names,
      is: [],
      gives: ['W911'],
    },
    {
      name: '237 a scalar requirement',
      config: withWorkflow('- a\n- b: {requires: a}', ['a', 'b']),
      see: graph,
      is: { a: [], b: ['a'] },
      gives: ['W926'],
    },
    {
      name: '243 100 contexts over three workflows',
      config: contexts([34, 33, 33]),
      see: (r) => jobsOf(r).map((job) => job.contexts.length),
      is: [34, 33, 33],
    },
    {
      name: '224 the second requires the first',
      config: withWorkflow('- a\n- a: {requires: [a]}', ['a']),
      see: graph,
      is: { 'a-1': [], 'a-2': ['a-1'] },
    },
    {
      name: '228 different arguments in two workflows',
      config: two('{sayhello: {who: x}}', '{sayhello: {who: y}}', `sayhello: ${parameterised}`),
      see: names,
      is: ['sayhello-1', 'sayhello-2'],
    },
    {
      name: '229 the same job in two workflows',
      config: two('build', 'build'),
      see: (r) => [names(r), r.compiled?.split('\nworkflows')[0]?.match(/^ {2}build:/gm)?.length],
      is: [['build', 'build'], 1],
    },
    {
      name: '230 twice in one workflow, once in another',
      config: two('build, build', 'build'),
      see: names,
      is: ['build-1', 'build-2', 'build-1'],
    },
    {
      name: '231 one name for two jobs',
      config: two('{a: {name: same}}', '{b: {name: same}}', `a: ${B}, b: {docker: [{image: x}], steps: [checkout]}`),
      see: names,
      is: ['same-1', 'same-2'],
    },
    {
      name: '232 a taken number is skipped',
      config: withWorkflow('- a\n- a\n- b: {name: a-1}', ['a', 'b']),
      see: names,
      is: ['a-2', 'a-3', 'a-1'],
    },
    {
      name: '233 pre-steps make another job',
      config: withWorkflow('- build: {pre-steps: [{run: a}]}\n- build'),
      see: (r) => [names(r), commands(r, 'build-1'), commands(r, 'build-2')],
      is: [['build-1', 'build-2'], ['a', 'checkout'], ['checkout']],
    },
    {
      name: '234 statuses',
      config: withWorkflow(
        '- a\n- b: {requires: [{a: failed}]}\n- c: {requires: [{a: [success, failed]}]}\n- d: {requires: [{a: terminal}]}',
        ['a', 'b', 'c', 'd'],
      ),
      see: graph,
      is: { a: [], b: ['a: failed'], c: ['a: success|failed'], d: ['a: success|failed|canceled|unauthorized|not_run'] },
    },
    {
      name: '236 a requirement twice',
      config: withWorkflow('- a\n- b: {requires: [a, a]}', ['a', 'b']),
      see: graph,
      is: { a: [], b: ['a'] },
    },
    {
      name: '239 an approval',
      config: withWorkflow('- hold: {type: approval}\n- build: {requires: [hold]}'),
      see: (r) => jobsOf(r).map((job) => [job.name, job.type]),
      is: [
        ['hold', 'approval'],
        ['build', 'build'],
      ],
    },
    {
      name: '240 an approval runs no steps',
      config: withWorkflow('- build: {type: approval}'),
      see: (r) => jobsOf(r).map((job) => [job.type, job.spec]),
      is: [['approval', undefined]],
      gives: ['W928'],
    },
    ...(['main', 'dev'] as const).map((branch) => ({
      name: `244 a context by expression on ${branch}`,
      values: onBranch(branch),
      config: withWorkflow('- build: {context: << pipeline.git.branch == "main" and "org" or "proj" >>}'),
      see: (r: Parameters<typeof names>[0]) => jobsOf(r)[0]?.contexts,
      is: [branch === 'main' ? 'org' : 'proj'],
    })),
    {
      name: '245 an empty context',
      config: withWorkflow('- build: {context: << pipeline.git.tag >>}'),
      see: (r) => jobsOf(r)[0]?.contexts,
      is: [],
    },
    {
      name: '246, 247 a serial group',
      config: withWorkflow(
        '- build\n- deploy: {serial-group: << pipeline.project.slug >>/deploy, requires: [build]}\n- after: {requires: [deploy]}',
        ['build', 'deploy', 'after'],
      ),
      see: (r) => [
        graph(r),
        jobsOf(r)
          .map((job) => job.serialKey)
          .filter(Boolean),
      ],
      is: [
        {
          build: [],
          'deploy/serial-group-start': ['build'],
          deploy: ['deploy/serial-group-start'],
          'deploy/serial-group-end': ['deploy: success|failed|canceled|unauthorized|not_run'],
          after: ['deploy'],
        },
        ['gh/acme/app/deploy', 'gh/acme/app/deploy'],
      ],
    },
    ...(['t', 'u'] as const).map((name) => ({
      name: `249 override-with my/${name}`,
      config: `version: 2.1\norbs: {my: {jobs: {t: {docker: [{image: x}], steps: [{run: orb}]}}}}\njobs: {test: {docker: [{image: x}], steps: [{run: local}]}}\nworkflows: {w: {jobs: [{test: {override-with: my/${name}}}]}}`,
      see: (r: Parameters<typeof names>[0]) => [names(r), commands(r)],
      is: [['test'], [name === 't' ? 'orb' : 'local']],
    })),
    {
      name: '250 pre-steps and post-steps',
      config: withWorkflow('- build: {pre-steps: [{run: a}], post-steps: [{run: z}]}'),
      see: commands,
      is: ['a', 'checkout', 'z'],
    },
    {
      name: 'reruns of a workflow',
      config: workflow('max_auto_reruns: 3'),
      see: (r) => r.plan?.workflows[0]?.maxAutoReruns,
      is: 3,
    },
    {
      name: 'topological order, ties in document order',
      config: withWorkflow('- c: {requires: [b]}\n- d\n- b: {requires: [a]}\n- a', ['a', 'b', 'c', 'd']),
      see: names,
      is: ['d', 'a', 'b', 'c'],
    },
    {
      name: 'a name by template',
      config: withWorkflow('- build: {name: "b << pipeline.number >>"}'),
      see: names,
      is: ['b 42'],
    },
    {
      name: 'approvals of one name in two workflows',
      config: two('{hold: {type: approval}}', '{hold: {type: approval}}, build'),
      see: names,
      is: ['hold', 'hold', 'build'],
    },
    {
      name: 'a job of version 2 whose name has a slash',
      config: `version: 2\njobs: {build/it: ${B}}\nworkflows: {version: 2, w: {jobs: [build/it]}}`,
      see: names,
      is: ['build/it'],
    },
    {
      name: 'job-level branches in version 2 without workflows',
      config: `version: 2\njobs: {build: {docker: [{image: x}], steps: [checkout], branches: {ignore: main}}}`,
      see: runs,
      is: false,
    },
    {
      name: 'the body of the plan',
      config: withWorkflow('- build'),
      see: (r) => spec(r).executor,
      is: { type: 'docker', images: [{ image: 'cimg/base:current', environment: {} }] },
    },
  ])
})
