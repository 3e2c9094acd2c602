import { describe } from 'vitest'
import { faultCases, graph, jobsOf, names, spec, valueCases } from './harness.ts'

const declare = (names: string[], type = 'string') => `{${names.map((name) => `${name}: {type: ${type}}`).join(', ')}}`
const job = (name: string, parameters: string) =>
  `  ${name}: {parameters: ${parameters}, docker: [{image: x}], steps: [checkout]}\n`
const config = (jobs: string, entries: string[]) =>
  `version: 2.1\nparameters: {skip: {type: string, default: b}}\njobs:\n${jobs}workflows:\n  w:\n    jobs:\n${entries.map((entry) => `      - ${entry}\n`).join('')}`
const t = (matrix: string, type = 'string', extra = '') =>
  config(job('t', declare(['v'], type)), [`t: {matrix: ${matrix}${extra}}`])
const deploys = (...entries: string[]) => config(`${job('deploy', declare(['version']))}${job('after', '{}')}`, entries)
const versions = 'parameters: {version: ["0.1", "0.2"]}'

describe('matrix', () => {
  faultCases([
    {
      name: '279 a partial exclude',
      config: config(job('t', declare(['a', 'b'], 'integer')), [
        't: {matrix: {parameters: {a: [1], b: [2]}, exclude: [{a: 1}]}}',
      ]),
      gives: ['W930'],
    },
    { name: '279 an unknown exclude', config: t('{parameters: {v: [a]}, exclude: [{z: 1}]}'), gives: ['C561'] },
    {
      name: '281 the job behind an alias',
      config: deploys(`deploy: {matrix: {${versions}, alias: all-deploys}}`, 'after: {requires: [deploy]}'),
      gives: ['C521'],
      says: ['0 other jobs'],
    },
    {
      name: '286 an undeclared parameter',
      config: t('{parameters: {w: [a]}}'),
      gives: ['C361', 'C360'],
      says: ['Unexpected argument(s): w'],
    },
    ...['"1"', '[]'].map((value) => ({
      name: `287 ${value} as values`,
      config: t(`{parameters: {v: ${value}}}`),
      gives: ['C560'],
    })),
    { name: '289 everything excluded', config: t('{parameters: {v: [a]}, exclude: [{v: a}]}'), gives: ['C562'] },
    { name: '290 an argument besides', config: t('{parameters: {v: [a]}}', 'string', ', v: b'), gives: ['C563'] },
    {
      name: '291 values of the wrong type, each once',
      config: t('{parameters: {v: [18, 20]}}'),
      gives: ['C362', 'C362'],
    },
    {
      name: '292 two matrices of one job',
      config: config(`${job('t', declare(['v']))}${job('u', '{}')}`, [
        't: {matrix: {parameters: {v: [a]}}}',
        't: {matrix: {parameters: {v: [b]}}}',
        'u: {requires: [t]}',
      ]),
      gives: ['C521'],
    },
    {
      name: '295 too many combinations',
      config: t(`{parameters: {v: [${Array.from({ length: 1025 }, (_, i) => i).join(', ')}]}}`, 'integer'),
      gives: ['C564'],
    },
    { name: 'a matrix without parameters', config: t('{alias: x}'), gives: ['C203'] },
    { name: 'an unknown key', config: t('{parameters: {v: [a]}, excludes: []}'), gives: ['C201'] },
  ])

  valueCases([
    {
      name: '276 a name ordered by parameter',
      config: config(job('build', declare(['version', 'platform'])), [
        'build: {matrix: {parameters: {version: ["0.1"], platform: [macos]}}}',
      ]),
      see: names,
      is: ['build-macos-0.1'],
    },
    {
      name: '277 the same with a dash',
      config: config(job('test', declare(['os', 'node-version'])), [
        'test: {matrix: {parameters: {os: [docker], node-version: ["14.17.6"]}}}',
      ]),
      see: names,
      is: ['test-14.17.6-docker'],
    },
    {
      name: '278 an exclude',
      config: config(job('t', declare(['a', 'b'], 'integer')), [
        't: {matrix: {parameters: {a: [1, 2, 3], b: [4, 5, 6]}, exclude: [{a: 3, b: 5}]}}',
      ]),
      see: (r) => names(r).length,
      is: 8,
    },
    {
      name: '280 requiring all members',
      config: deploys(`deploy: {matrix: {${versions}}}`, 'after: {requires: [deploy]}'),
      see: (r) => graph(r).after,
      is: ['deploy-0.1', 'deploy-0.2'],
    },
    {
      name: '281 requiring the alias',
      config: deploys(`deploy: {matrix: {${versions}, alias: all-deploys}}`, 'after: {requires: [all-deploys]}'),
      see: (r) => graph(r).after,
      is: ['deploy-0.1', 'deploy-0.2'],
    },
    {
      name: '282 requiring one member',
      config: deploys(`deploy: {matrix: {${versions}}}`, 'after: {requires: [deploy-0.1]}'),
      see: (r) => graph(r).after,
      is: ['deploy-0.1'],
    },
    {
      name: '283 pairwise requirements',
      config: config(`${job('build', declare(['version']))}${job('deploy', declare(['version']))}`, [
        `build: {name: "build-v<< matrix.version >>", matrix: {${versions}}}`,
        `deploy: {name: "deploy-v<< matrix.version >>", matrix: {${versions}}, requires: ["build-v<< matrix.version >>"]}`,
      ]),
      see: graph,
      is: { 'build-v0.1': [], 'build-v0.2': [], 'deploy-v0.1': ['build-v0.1'], 'deploy-v0.2': ['build-v0.2'] },
    },
    {
      name: '284 a matrix of approvals',
      config: deploys('hold: {type: approval, name: "hold-<< matrix.env >>", matrix: {parameters: {env: [eu, us]}}}'),
      see: names,
      is: ['hold-eu', 'hold-us'],
    },
    {
      name: '285 an exclude by pipeline parameter',
      config: t('{parameters: {v: [a, b]}, exclude: [{v: << pipeline.parameters.skip >>}]}'),
      see: names,
      is: ['t-a'],
    },
    {
      name: '288 a constant name',
      config: t('{parameters: {v: [a, b]}}', 'string', ', name: same').replace(
        'steps: [checkout]',
        'steps: [{run: << parameters.v >>}]',
      ),
      see: names,
      is: ['same-1', 'same-2'],
    },
    {
      name: '293 executors as values',
      config: config(
        job('t', '{e: {type: executor}}').replace('docker: [{image: x}]', 'executor: << parameters.e >>'),
        ['t: {matrix: {parameters: {e: [linux, {name: mac, xcode: "15.0"}]}}}'],
      ).replace(
        'jobs:\n',
        'executors: {linux: {docker: [{image: l}]}, mac: {parameters: {xcode: {type: string}}, macos: {xcode: << parameters.xcode >>}}}\njobs:\n',
      ),
      see: (r) => [names(r), spec(r, 't-mac').executor],
      is: [['t-linux', 't-mac'], { type: 'macos', xcode: '15.0' }],
    },
    { name: '294 a value twice', config: t('{parameters: {v: [a, a]}}'), see: names, is: ['t-a-1', 't-a-2'] },
    {
      name: '296 a status of all members',
      config: deploys(`deploy: {matrix: {${versions}}}`, 'after: {requires: [{deploy: failed}]}'),
      see: (r) => graph(r).after,
      is: ['deploy-0.1: failed', 'deploy-0.2: failed'],
    },
    {
      name: 'the plan tells the values',
      config: t('{parameters: {v: [a]}}'),
      see: (r) => jobsOf(r)[0]?.matrix,
      is: { v: 'a' },
    },
  ])
})
