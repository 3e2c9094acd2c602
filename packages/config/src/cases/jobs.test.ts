import { describe } from 'vitest'
import { B, commands, faultCases, jobsOf, names, spec, valueCases, withParameters, withWorkflow } from './harness.ts'

const job = (keys: string) => `version: 2.1\njobs: {build: {docker: [{image: x}], steps: [checkout], ${keys}}}`
const typed = (body: string) => `version: 2.1\njobs: {j: ${body}}\nworkflows: {w: {jobs: [j]}}`

describe('jobs', () => {
  faultCases([
    { name: '203 retention as text', config: job('retention: "12h"'), gives: ['C202'] },
    ...['12h', '16d'].map((caches) => ({
      name: `203 caches for ${caches}`,
      config: job(`retention: {caches: ${caches}}`),
      gives: ['C236'],
    })),
    {
      name: '204 max_auto_reruns on a job',
      config: job('max_auto_reruns: 2'),
      gives: ['C201'],
      says: ['workflow or a run step'],
    },
    ...['"4"', '0'].map((value) => ({
      name: `205 parallelism ${value}`,
      config: job(`parallelism: ${value}`),
      gives: ['C202'],
    })),
    {
      name: '205 parallelism by a string parameter',
      config: withParameters('{p: {type: string, default: "4"}}', '{}', '- checkout').replace(
        '    steps:',
        '    parallelism: << parameters.p >>\n    steps:',
      ),
      gives: ['C202'],
    },
    { name: '206 steps of an approval', config: typed('{type: approval, steps: [checkout]}'), gives: ['W925'] },
    { name: '208 release without plan', config: typed('{type: release}'), gives: ['C203'], says: ['plan_name'] },
    {
      name: '211 an unknown key',
      config: 'version: 2.1\njobs: {build: {docker: [{image: x}], stepz: [checkout]}}',
      gives: ['C201'],
      says: [
        'extraneous key [stepz] is not permitted',
        'permitted keys',
        'passed keys: docker, stepz',
        'did you mean "steps"?',
      ],
    },
    {
      name: '211 an unknown key as a warning',
      options: { unknownKeys: 'warn' },
      config: job('foo: 1'),
      gives: ['W921'],
    },
    { name: 'an unknown type', config: typed('{type: test}'), gives: ['C202'] },
    {
      name: '217 an unknown job',
      config: withWorkflow('- nope'),
      gives: ['C406 7:9'],
      says: ['Cannot find a definition for job named nope'],
    },
  ])

  valueCases([
    {
      name: '203 retention',
      config: job('retention: {caches: 15d}'),
      see: (r) => spec(r).retention,
      is: { caches: '15d' },
    },
    {
      name: '205 parallelism by template',
      config: withParameters('{p: {type: integer, default: 4}}', '{}', '- checkout').replace(
        '    steps:',
        '    parallelism: << parameters.p >>\n    steps:',
      ),
      see: (r) => spec(r).parallelism,
      is: 4,
    },
    {
      name: '207 no-op',
      config: typed('{type: no-op}'),
      see: (r) => jobsOf(r).map(({ name, type, spec: body }) => [name, type, body]),
      is: [['j', 'no-op', undefined]],
    },
    {
      name: 'release',
      config: typed('{type: release, plan_name: p, validation: {enabled: true}}'),
      see: (r) => jobsOf(r)[0]?.release,
      is: { planName: 'p', validation: { enabled: true } },
    },
    {
      name: 'lock',
      config: typed('{type: lock, key: k}'),
      see: (r) => [jobsOf(r)[0]?.type, jobsOf(r)[0]?.serialKey],
      is: ['lock', 'k'],
    },
    {
      name: '209 an alias of an orb’s job',
      config:
        'version: 2.1\norbs: {node: {jobs: {test: {parameters: {version: {type: string}}, docker: [{image: "n:<< parameters.version >>"}], steps: [{run: a}]}}}}\njobs: {t: node/test}\nworkflows: {w: {jobs: [{t: {version: "20"}}]}}',
      see: (r) => [names(r), spec(r).executor, commands(r)],
      is: [['t'], { type: 'docker', images: [{ image: 'n:20', environment: {} }] }, ['a']],
    },
    {
      name: '206 an approval among jobs',
      config: typed('{type: approval, steps: [checkout]}'),
      see: (r) => jobsOf(r).map(({ type, spec: body }) => [type, body]),
      is: [['approval', undefined]],
      gives: ['W925'],
    },
    {
      name: '210 job-level branches are ignored',
      config: `${job('branches: {only: other}')}\nworkflows: {w: {jobs: [build]}}`,
      see: names,
      is: ['build'],
      gives: ['W924'],
    },
    {
      name: '212 the working directory',
      config: `version: 2.1\njobs: {build: ${B}}`,
      see: (r) => spec(r).workingDirectory,
      is: '~/project',
    },
    {
      name: 'fields of a job',
      config: job(
        'shell: sh, working_directory: d, resource_class: large, circleci_ip_ranges: true, environment: {A: b}',
      ),
      see: (r) => {
        const { executor, steps, ...rest } = spec(r)
        return rest
      },
      is: {
        shell: 'sh',
        workingDirectory: 'd',
        resourceClass: 'large',
        ipRanges: true,
        environment: { A: 'b' },
        parallelism: 1,
      },
    },
  ])
})
