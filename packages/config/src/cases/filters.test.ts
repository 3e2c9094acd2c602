import { describe } from 'vitest'
import { onBranch, onTag, pushToMain } from '../testing/compile.ts'
import { faultCases, graph, names, runs, valueCases, withWorkflow } from './harness.ts'

const filtered = (filters: string) => withWorkflow(`- build: {filters: ${filters}}`)

describe('filters', () => {
  faultCases([
    {
      name: '268 branch instead of branches',
      config: filtered('{branch: {only: main}}'),
      gives: ['C201'],
      says: ['"branches"'],
    },
    { name: 'a bad pattern', config: filtered('{branches: {only: /(/}}'), gives: ['C304'] },
    {
      name: 'a pattern that would take for ever',
      config: filtered('{branches: {only: /(a+)+b(?=c)c/}}'),
      values: { ...pushToMain, 'pipeline.git.branch': 'a'.repeat(100) },
      gives: ['C305'],
      says: ['nested repetitions'],
    },
  ])

  const decisions: [string, string, string, boolean][] = [
    ['258', 'null', 'tag v1', false],
    ['259', '{tags: {only: /^v.*/}}', 'dev', true],
    ['259', '{tags: {only: /^v.*/}}', 'tag v1', true],
    ['259', '{tags: {only: /^v.*/}}', 'tag x1', false],
    ['260', '{tags: {only: /^v.*/}, branches: {ignore: /.*/}}', 'dev', false],
    ['260', '{tags: {only: /^v.*/}, branches: {ignore: /.*/}}', 'tag v1', true],
    ['261', '{branches: {only: /user-/}}', 'user-1', false],
    ['261', '{branches: {only: /user-.*/}}', 'user-1', true],
    ['262', '{branches: {only: "/pre-prod(?:-.+)?$/"}}', 'pre-prod', true],
    ['262', '{branches: {only: "/pre-prod(?:-.+)?$/"}}', 'pre-prod-2', true],
    ['262', '{branches: {only: "/pre-prod(?:-.+)?$/"}}', 'x-pre-prod', false],
    ['264', '{branches: {only: main, ignore: main}}', 'main', true],
    ['265', '{branches: {ignore: [dev, /wip-.*/]}}', 'wip-1', false],
    ['265', '{branches: {ignore: [dev, /wip-.*/]}}', 'main', true],
    ['266', '{tags: {}}', 'tag v1', false],
    ['266', '{branches: {}}', 'main', true],
    ['267', '{branches: {only: []}}', 'main', false],
    ['269', '', 'main', true],
    ['270', '"true"', 'tag v1', true],
    ['', '{branches: {only: "/^(?!pull\\\\/).*$/"}}', 'pull/1', false],
    ['', '{branches: {only: "/^(?!pull\\\\/).*$/"}}', 'dev', true],
  ]
  valueCases(
    decisions.map(([number, filters, ref, is]) => ({
      name: `${number} ${filters} on ${ref}`,
      values: ref.startsWith('tag ') ? onTag(ref.slice(4)) : onBranch(ref),
      config: filtered(filters),
      see: runs,
      is,
    })),
  )

  const never = '{branches: {ignore: main}}'
  valueCases([
    {
      name: '271 a removed dependency is dropped',
      config: withWorkflow(`- a: {filters: ${never}}\n- b\n- c: {requires: [a, b]}`, ['a', 'b', 'c']),
      see: graph,
      is: { b: [], c: ['b'] },
    },
    {
      name: '271, 272 the removal cascades',
      config: withWorkflow(
        `- a: {filters: ${never}}\n- b: {filters: ${never}}\n- c: {requires: [a, b]}\n- d: {requires: [c]}`,
        ['a', 'b', 'c', 'd'],
      ),
      see: names,
      is: [],
    },
    {
      name: '273 a tag filter on the last job only',
      values: onTag('v1'),
      config: withWorkflow('- build\n- deploy: {requires: [build], filters: {tags: {only: /^v.*/}}}', [
        'build',
        'deploy',
      ]),
      see: names,
      is: [],
    },
    {
      name: '274 a failed dependency that was removed',
      config: withWorkflow(`- a: {filters: ${never}}\n- c: {requires: [{a: failed}]}`, ['a', 'c']),
      see: names,
      is: [],
    },
    {
      name: '275 a filtered approval',
      values: onBranch('dev'),
      config: withWorkflow(
        '- build\n- hold: {type: approval, filters: pipeline.git.branch == "main"}\n- deploy: {requires: [hold]}',
        ['build', 'deploy'],
      ),
      see: names,
      is: ['build'],
    },
    {
      name: '263 a pattern without slashes is a literal',
      values: onBranch('user-1'),
      config: filtered('{branches: {only: user-.*}}'),
      see: names,
      is: [],
      gives: ['W927'],
    },
    { name: '258 no filters on a tag', values: onTag('v1'), config: withWorkflow('- build'), see: names, is: [] },
    {
      name: 'a branch and a tag',
      values: { 'pipeline.git.branch': 'main', 'pipeline.git.tag': 'v1' },
      config: filtered('{tags: {ignore: /^v.*/}}'),
      see: runs,
      is: false,
    },
  ])
})
