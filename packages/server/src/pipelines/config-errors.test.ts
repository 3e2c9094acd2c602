import type { Diagnostic } from '@orrery/config'
import { describe, expect, it } from 'vitest'
import { configErrors, excerptOf } from './config-errors.ts'

const file = '.circleci/config.yml'
const text = 'version: 2.1\njobs:\n  build:\n    steps:\n      - setup-env\n'
const diagnostic = (change: Partial<Diagnostic> = {}): Diagnostic => ({
  code: 'C405',
  severity: 'error',
  message: 'Cannot find it',
  file,
  range: { start: { line: 5, column: 9 }, end: { line: 5, column: 18 } },
  path: '/jobs',
  stack: [],
  related: [],
  ...change,
})

describe('config errors', () => {
  it('point at the source', () => {
    expect(configErrors([diagnostic({ hint: 'try' })], { text, file })).toEqual([
      {
        type: 'config',
        message: 'Cannot find it',
        code: 'C405',
        file,
        line: 5,
        column: 9,
        hint: 'try',
        excerpt: ['3 |   build:', '4 |     steps:', '5 |       - setup-env', '  |         ^'].join('\n'),
      },
    ])
  })

  it('leave warnings out, and show no excerpt for a file we do not have', () => {
    const errors = configErrors([diagnostic({ severity: 'warning' }), diagnostic({ file: 'orb:a/b@1' })], {
      text,
      file,
    })
    expect(errors).toHaveLength(1)
    expect(errors[0]).not.toHaveProperty('excerpt')
  })
})

describe('an excerpt', () => {
  it('of a very long line is cut around the column', () => {
    const lines = excerptOf([`${'a'.repeat(5000)}!${'b'.repeat(5000)}`], { line: 1, column: 5001 }).split('\n')
    expect(lines[0]?.length).toBeLessThan(130)
    expect(lines[0]?.charAt(lines[1]?.indexOf('^') ?? -1)).toBe('!')
  })

  it('past the end of the file is empty, not an error', () => {
    expect(excerptOf(['a'], { line: 9, column: 1 })).toContain('9 |')
  })
})
