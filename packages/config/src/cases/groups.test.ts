import { describe } from 'vitest'
import type { CompileResult } from '../compile-types.ts'
import { B, faultCases, graph, jobsOf, names, valueCases } from './harness.ts'

const config = (groups: string, entries: string[], jobs = ['build', 'deploy', 'release', 'notify']) =>
  `version: 2.1\njobs: {${jobs.map((job) => `${job}: ${B}`).join(', ')}}\njob-groups: ${groups}\nworkflows:\n  w:\n    jobs:\n${entries.map((entry) => `      - ${entry}\n`).join('')}`

/** Jobs that have no body, with what they are. */
function types(result: CompileResult): Record<string, string> {
  const gates = jobsOf(result).filter(({ type }) => type !== 'build')
  return Object.fromEntries(gates.map((job) => [job.name, [job.type, job.serialKey].filter(Boolean).join(' ')]))
}

const group = '{G: {jobs: [deploy, {release: {requires: [deploy]}}]}}'

describe('job groups', () => {
  faultCases([
    {
      name: '297 a name for a job and a group',
      config: config('{build: {jobs: [deploy]}}', ['build']),
      gives: ['C576 3:14'],
      related: ['2:8'],
    },
    {
      name: '298 a group in a group',
      config: config('{G: {jobs: [deploy]}, H: {jobs: [G]}}', ['G', 'H']),
      gives: ['C573'],
    },
    {
      name: '299 keys of jobs',
      config: config(group, ['G: {matrix: {parameters: {a: [1]}}, context: c}']),
      gives: ['C574', 'C574'],
      says: ['`matrix`', '`context`'],
    },
    {
      name: '300 a group with parameters',
      config: config('{G: {jobs: [deploy], parameters: {}}}', ['G']),
      gives: ['C570'],
    },
    { name: '301 twice, one without name', config: config(group, ['G', 'G: {name: eu}']), gives: ['C575'] },
    { name: '301 twice with one name', config: config(group, ['G: {name: eu}', 'G: {name: eu}']), gives: ['C575'] },
    {
      name: '302 a member required from outside',
      config: config(group, ['G', 'notify: {requires: [release]}']),
      gives: ['C523'],
      says: ['require the group'],
    },
    {
      name: '302 a job outside required by a member',
      config: config('{G: {jobs: [{deploy: {requires: [build]}}]}}', ['build', 'G']),
      gives: ['C571'],
    },
    {
      name: '303 serial-group of a member',
      config: config('{G: {jobs: [{deploy: {serial-group: k}}]}}', ['G']),
      gives: ['C572'],
    },
    {
      name: '306 a status no group has',
      config: config(group, ['G', 'notify: {requires: [{G: failed}]}']),
      gives: ['W931'],
    },
    {
      name: 'a cycle inside a group',
      config: config('{G: {jobs: [{deploy: {requires: [release]}}, {release: {requires: [deploy]}}]}}', ['G']),
      gives: ['C524'],
    },
    {
      name: 'a group that is never used',
      config: config(`{H: {jobs: [deploy]}, ${group.slice(1)}`, ['G']),
      gives: ['W933 3:14'],
    },
    { name: 'a group without jobs', config: config('{G: {}}', ['G']), gives: ['C203'] },
  ])

  valueCases([
    {
      name: '304 a group between its boundary jobs',
      config: config(group, ['build', 'G: {requires: [build]}', 'notify: {requires: [G]}']),
      see: (r) => ({ ...graph(r), types: types(r) }),
      is: {
        types: { 'G/group-start': 'no-op', 'G/group-end': 'no-op' },
        build: [],
        'G/group-start': ['build'],
        deploy: ['G/group-start'],
        release: ['deploy'],
        'G/group-end': ['release'],
        notify: ['G/group-end'],
      },
    },
    {
      name: '305 a group with a serial group',
      config: config(group, ['G: {serial-group: k}', 'notify: {requires: [G]}']),
      see: (r) => ({ ...graph(r), types: types(r) }),
      is: {
        types: { 'G/group-start': 'lock k', 'G/group-end': 'no-op', 'G/serial-group-end': 'unlock k' },
        'G/group-start': [],
        deploy: ['G/group-start'],
        release: ['deploy'],
        'G/group-end': ['release'],
        'G/serial-group-end': ['G/group-end: success|failed|canceled|unauthorized|not_run'],
        notify: ['G/group-end'],
      },
    },
    {
      name: '306 not_run of a group',
      config: config(group, ['G', 'notify: {requires: [{G: not_run}]}']),
      see: (r) => graph(r).notify,
      is: ['G/group-end: not_run'],
    },
    {
      name: '307 two invocations',
      config: config(group, ['G: {name: eu}', 'G: {name: us, requires: [eu]}']),
      see: graph,
      is: {
        'eu/group-start': [],
        'eu-deploy': ['eu/group-start'],
        'eu-release': ['eu-deploy'],
        'eu/group-end': ['eu-release'],
        'us/group-start': ['eu/group-end'],
        'us-deploy': ['us/group-start'],
        'us-release': ['us-deploy'],
        'us/group-end': ['us-release'],
      },
    },
    {
      name: '308 a filtered group',
      config: config(group, ['G: {filters: pipeline.git.branch == "dev"}', 'notify: {requires: [G]}', 'build']),
      see: names,
      is: ['build'],
    },
  ])
})
