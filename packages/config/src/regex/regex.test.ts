import { describe, expect, test } from 'vitest'
import { compilePattern } from './regex.ts'

function matches(pattern: string, subject: string): boolean | undefined {
  const compiled = compilePattern(pattern, 'permissive')
  if ('problem' in compiled) throw new Error(compiled.problem)
  return compiled.pattern.matches(subject)
}

describe('patterns of Java, RE2 and JavaScript (9.7)', () => {
  test.each<[pattern: string, yes: string, no: string]>([
    ['release', 'release', 'release-1'],
    ['(?!main).*', 'dev', 'main-2'],
    ['^(?!main$|dev$).*$', 'main-2', 'dev'],
    ['.*(?<!-rc)', 'v1', 'v1-rc'],
    ['v\\d+(?!-rc).*', 'v1', 'v1-rc'],
    ['(a|b)\\1', 'bb', 'ab'],
    ['(?<n>a|b)\\k<n>', 'aa', 'ab'],
    ['(?P<n>a|b)(?P=n)', 'aa', 'ab'],
    ['a*+b', 'aab', 'aa'],
    ['a?+a', 'aa', 'a'],
    ['(?>a|ab)c', 'ac', 'abc'],
    ['(a(?>b|bc))c\\1', 'abcab', 'abcabc'],
    ['\\Qa.b\\E', 'a.b', 'axb'],
    ['\\Qa.b\\E(?=c)c', 'a.bc', 'axbc'],
    ['(?i)ABC(?=d)d', 'abcD', 'abd'],
    ['a(?i)b|c(?=)', 'C', 'A'],
    ['(?i:a)b(?=)', 'Ab', 'AB'],
    ['(?x) a b # comment\n (?=c) c', 'abc', 'a b c'],
    ['(?s).(?=)', '\n', ''],
    ['.(?=)', 'a', '\n'],
    ['[[:alpha:]]+(?=1)1', 'ab1', '11'],
    ['\\p{Alpha}+(?=1)1', 'ab1', '11'],
    ['\\p{L}+(?=1)1', 'é1', '11'],
    ['[\\w-]+(?=/)/x', 'a-b/x', '/x'],
    ['\\x41\\u0042(?=)', 'AB', 'ab'],
    ['😀(?=)', '😀', '😁'],
  ])('%s', (pattern, yes, no) => {
    expect([matches(pattern, yes), matches(pattern, no)]).toEqual([true, false])
  })

  test.each<[pattern: string, problem: string]>([
    ['(', 'missing ) at offset 0'],
    ['a)(?=b)', 'unexpected ) at offset 1'],
    ['*a(?=b)', 'nothing to repeat before * at offset 0'],
    ['(?=b)[a', 'missing ] at offset 5'],
    ['[a-z&&[^b]]+', 'classes cannot be intersected with && at offset 0'],
    ['\\p{javaLowerCase}', 'unsupported property \\p{javaLowerCase} at offset 0'],
    ['(?=a)\\2', 'there is no group 2 before this at offset 5'],
    ['(?=a)\\k<n>', 'no group is named n at offset 5'],
    ['a{2000}', 'a repetition of more than 1000: {2000} at offset 1'],
    [`(?=a)${'('.repeat(200)}`, 'groups nested too deep at offset 105'],
    ['a'.repeat(10_001), 'longer than 10000 characters at offset 10000'],
  ])('%s is refused', (pattern, problem) => {
    expect(compilePattern(pattern, 'permissive')).toEqual({ problem })
  })

  test('the linear dialect refuses lookaround and long patterns', () => {
    expect(compilePattern('a(?=b)', 'linear')).toEqual({
      problem: 'lookaround is not supported in the linear dialect, at offset 1',
    })
    expect(compilePattern('a'.repeat(129), 'linear')).toHaveProperty('problem')
    expect(compilePattern('a'.repeat(128), 'linear')).toHaveProperty('pattern')
  })
})

describe('patterns that would take for ever', () => {
  test.each(['(a+)+b', '(a|a)*b', '(a*)*b', '(?:a?){1,100}b'])('%s is no trouble for the linear engine', (pattern) => {
    expect(matches(pattern, 'a'.repeat(200))).toBe(false)
  })

  test.each(['(a+)+b(?=c)c', '(?=a)(a|a)*b\\1', '(.*)*(?<=b)\\1b'])('%s has no answer', (pattern) => {
    expect(matches(pattern, 'a'.repeat(200))).toBeUndefined()
  })

  test('a long pattern on a long text has no answer', () => {
    expect(matches('(a?)'.repeat(2000), 'a'.repeat(100_000))).toBeUndefined()
  })
})
