import { describe } from 'vitest'
import { B, faultCases, withCondition, withWorkflow } from './harness.ts'

const parameterised =
  '{parameters: {who: {type: string}}, docker: [{image: x}], steps: [{run: "hi << parameters.who >>"}]}'
const workflow = (body: string) => `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [build], ${body}}}`
const scheduled = (cron: string, filters = '{branches: {only: main}}') =>
  `triggers: [{schedule: {cron: "${cron}", filters: ${filters}}}]`

/** Workflows that use so many contexts of their own. */
function contexts(counts: number[]): string {
  const list = (workflow: number, count: number) =>
    Array.from({ length: count }, (_, i) => `c${workflow}-${i}`).join(', ')
  const workflows = counts.map((count, i) => `  w${i}: {jobs: [{build: {context: [${list(i, count)}]}}]}\n`)
  return `version: 2.1\njobs: {build: ${B}}\nworkflows:\n${workflows.join('')}`
}

describe('workflows: faults', () => {
  faultCases([
    {
      name: '214 nothing to run',
      config: `version: 2.1\njobs: {test: ${B}}`,
      gives: ['C550'],
      says: ['Cannot find a job named `build` to run', "top-level key called 'workflows:'"],
    },
    {
      name: 'a template in place of the list of jobs',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows:\n  w:\n    jobs: << pipeline.git.branch >>`,
      gives: ['C202 5:11'],
      says: ['expected type: list, found: string'],
    },
    {
      name: 'a template without a value in place of the list of jobs',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows:\n  w:\n    jobs: << parameters.x >>`,
      gives: ['C320 5:11'],
    },
    {
      name: 'a template in place of the jobs of a group',
      config: `version: 2.1\njobs: {build: ${B}}\njob-groups: {g: {jobs: "<< pipeline.id >>"}}\nworkflows: {w: {jobs: [g]}}`,
      gives: ['C202 3:24'],
    },
    {
      name: '218 a misspelt key is an argument',
      config: withWorkflow('- build: {filter: {branches: {only: main}}}'),
      gives: ['C360'],
      says: ['Unexpected argument(s): filter', '"filters"'],
    },
    {
      name: '219 an unknown requirement',
      config: withWorkflow('- build\n- test: {requires: [biuld]}', ['build', 'test']),
      gives: ['C521'],
      says: ["Job 'test' requires 'biuld', which is the name of 0 other jobs in workflow 'w'", '"build"'],
    },
    { name: '222 when and unless', config: withCondition('when: true\n    unless: true'), gives: ['C501'] },
    {
      name: '225 two others of the name',
      config: withWorkflow('- a\n- a\n- a: {requires: [a]}', ['a']),
      gives: ['C521'],
      says: ['2 other jobs'],
    },
    {
      name: '226 an ambiguous requirement',
      config: withWorkflow('- a\n- a\n- b: {requires: [a]}', ['a', 'b']),
      gives: ['C521'],
      says: ['2 other jobs', 'distinct `name`s'],
    },
    {
      name: '227 a job that requires itself',
      config: withWorkflow('- a: {requires: [a]}', ['a']),
      gives: ['C521'],
      says: ['0 other jobs'],
    },
    ...['[terminal]', '[]', 'done'].map((status) => ({
      name: `235 status ${status}`,
      config: withWorkflow(`- a\n- b: {requires: [{a: ${status}}]}`, ['a', 'b']),
      gives: ['C520'],
    })),
    {
      name: '236 different statuses',
      config: withWorkflow('- a\n- b: {requires: [a, {a: failed}]}', ['a', 'b']),
      gives: ['C522'],
    },
    {
      name: '238 a cycle',
      config: withWorkflow('- a: {requires: [b]}\n- b: {requires: [a]}', ['a', 'b']),
      gives: ['C524'],
      says: ['a → b → a', 'At least one job in the workflow must have no dependencies'],
    },
    { name: '240 an approval named like a job', config: withWorkflow('- build: {type: approval}'), gives: ['W928'] },
    { name: 'steps of an approval', config: withWorkflow('- hold: {type: approval, context: c}'), gives: ['W925'] },
    {
      name: 'an argument of an approval',
      config: withWorkflow('- hold: {type: approval, require: [a]}'),
      gives: ['C360'],
      says: ['"requires"'],
    },
    { name: '241 a job type in a workflow', config: withWorkflow('- build: {type: build}'), gives: ['C511'] },
    {
      name: '242 outdented keys',
      config: withWorkflow('- build:\n  requires: [a]'),
      gives: ['C510'],
      says: ['build, requires', 'indent'],
    },
    { name: '243 a context twice', config: withWorkflow('- build: {context: [a, a]}'), gives: ['C530'] },
    { name: 'a blank context', config: withWorkflow('- build: {context: " a"}'), gives: ['C530'] },
    { name: '243 101 contexts over three workflows', config: contexts([34, 34, 33]), gives: ['C531'] },
    ...['deploy prod', 'x'.repeat(513)].map((key) => ({
      name: `246 serial-group of ${key.length} characters`,
      config: withWorkflow(`- build: {serial-group: ${key}}`),
      gives: ['C540'],
    })),
    { name: '246 an empty serial-group', config: withWorkflow('- build: {serial-group: ""}'), gives: ['C540'] },
    {
      name: '248 a serial-group twice',
      config: withWorkflow('- a: {serial-group: k}\n- b: {serial-group: k}', ['a', 'b']),
      gives: ['W929'],
    },
    { name: '248 serial-group on the workflow', config: workflow('serial-group: k'), gives: ['C502'] },
    {
      name: '249 override-with an unknown alias',
      config: withWorkflow('- build: {override-with: my/t}'),
      gives: ['C401'],
    },
    {
      name: '251 a job parameter in pre-steps',
      config: `version: 2.1\njobs: {build: {parameters: {x: {type: string, default: a}}, docker: [{image: x}], steps: [checkout]}}\nworkflows: {w: {jobs: [{build: {pre-steps: [{run: << parameters.x >>}]}}]}}`,
      gives: ['C320'],
    },
    { name: '252 six reruns', config: workflow('max_auto_reruns: 6'), gives: ['C232'] },
    ...['*/5 * * * *', '5 4 * * 1,3-5,6', '0 0 * * Tue-Sat', '0 0 * *', '60 0 * * *'].map((cron) => ({
      name: `253 cron ${cron}`,
      config: workflow(scheduled(cron)),
      gives: ['C504'],
    })),
    { name: '254 an unknown trigger', config: workflow('triggers: [{push: {}}]'), gives: ['C503'] },
    {
      name: 'a schedule without filters',
      config: workflow('triggers: [{schedule: {cron: "0 0 * * *"}}]'),
      gives: ['C203'],
    },
    {
      name: '255 a schedule in a setup config',
      config: `setup: true\n${workflow(scheduled('0 0 * * *'))}`,
      gives: ['C505'],
    },
    {
      name: '256 workflows as a list',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: [build]`,
      gives: ['C202'],
    },
    {
      name: '257 two faulty jobs and one faulty workflow',
      config: `version: 2.1\njobs:\n  a: {docker: [{image: x}]}\n  b: {docker: [{image: x}], steps: []}\nworkflows:\n  w: {jobs: [{a: {}, b: {}}]}\n`,
      gives: ['C227 3:3', 'C228 4:36', 'C510 6:14'],
    },
    {
      name: 'a key of a 2.1 entry in version 2',
      config: `version: 2\njobs: {build: ${B}}\nworkflows: {version: 2, w: {jobs: [{build: {name: x}}]}}`,
      gives: ['C111'],
    },
    {
      name: 'when of a workflow in version 2',
      config: `version: 2\njobs: {build: ${B}}\nworkflows: {version: 2, w: {when: true, jobs: [build]}}`,
      gives: ['C111'],
    },
    { name: 'a workflow without jobs', config: 'version: 2.1\nworkflows: {w: {when: true}}', gives: ['C203'] },
    {
      name: '340 too many jobs in a workflow',
      config: `version: 2.1\njobs: {build: ${parameterised.replace('string', 'integer')}}\nworkflows: {w: {jobs: [${Array.from({ length: 6 }, () => `{build: {matrix: {parameters: {who: [${Array.from({ length: 1000 }, (_, i) => i).join(', ')}]}}}}`).join(', ')}]}}`,
      gives: ['C603'],
    },
  ])
})
