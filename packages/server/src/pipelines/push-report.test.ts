import type { PendingPipeline } from '@orrery/engine'
import { expect, it } from 'vitest'
import { reportOf } from './push-report.ts'

const pipeline: PendingPipeline = {
  id: 'p1',
  number: 7,
  projectId: 'x',
  project: { id: 'x', slug: 'local/acme/app', name: 'App', defaultBranch: 'main' },
  trigger: 'webhook',
  actor: { login: 'dev' },
  vcs: { branch: 'main', revision: 'abcdef0'.padEnd(40, '0'), subject: '', body: '', author: '' },
  parameters: {},
  createdAt: new Date(0),
}
const url = (one: PendingPipeline) => `http://host/pipeline/${one.id}`
const error = {
  type: 'config',
  message: 'Bad\nand worse',
  code: 'C1',
  file: 'f.yml',
  line: 2,
  column: 3,
  excerpt: '2 | x\n  | ^',
  hint: 'do',
} as const

it('names the pipeline, its workflows and its address', () => {
  expect(reportOf({ kind: 'created', pipeline, workflows: ['build', 'deploy'] }, url)).toBe(
    '\nPipeline 7 of local/acme/app (main, abcdef0) runs build, deploy\n  http://host/pipeline/p1\n\n',
  )
})

it('shows a config error with its place, source and hint', () => {
  expect(reportOf({ kind: 'errored', pipeline, errors: [error] }, url)).toBe(
    [
      '\nPipeline 7 of local/acme/app (main, abcdef0) could not start',
      '  http://host/pipeline/p1',
      '',
      '  f.yml:2:3  error C1',
      '  Bad',
      '  and worse',
      '    2 | x',
      '      | ^',
      '  hint: do\n\n',
    ].join('\n'),
  )
})

it('shows ten errors and counts the others', () => {
  const text = reportOf({ kind: 'errored', pipeline, errors: Array.from({ length: 12 }, () => error) }, url)
  expect(text.match(/error C1/g)).toHaveLength(10)
  expect(text).toContain('and 2 more')
})

it('lets no control character through to the terminal', () => {
  const text = reportOf({ kind: 'errored', pipeline, errors: [{ ...error, message: 'a\u001b[2Jb\u0007\u009b' }] }, url)
  expect(text).toContain('a?[2Jb??')
})
