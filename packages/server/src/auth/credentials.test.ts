import { describe, expect, it } from 'vitest'
import { credentialsOf } from './credentials.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('credentials', () => {
  it.each([
    [{ 'circle-token': 'a' }, ['a']],
    [{ authorization: 'Bearer a' }, ['a']],
    [{ authorization: 'bearer   a ' }, ['a']],
    [{ authorization: basic('a:') }, ['a']],
    [{ authorization: basic('git:a') }, ['git', 'a']],
    [{ authorization: basic('a:'), 'circle-token': 'b' }, ['b', 'a']],
    [{ authorization: '' }, []],
    [{ authorization: 'Bearer ' }, []],
    [{ 'circle-token': '' }, []],
    [{ authorization: 'Digest a' }, []],
    [{}, []],
  ])('%j gives %j', (headers, expected) => {
    expect(credentialsOf(headers)).toEqual(expected)
  })
})
