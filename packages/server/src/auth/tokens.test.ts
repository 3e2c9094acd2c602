import { describe, expect, it } from 'vitest'
import { Tokens } from './tokens.ts'

const tokens = new Tokens(Buffer.alloc(32, 1))
const other = new Tokens(Buffer.alloc(32, 2))
const taskId = '7b6ffdb5-5f0a-4f5a-9d1b-1f1f3c1f8f00'

describe('tokens', () => {
  it.each([
    ['user', tokens.user('dev é'), { kind: 'user', login: 'dev é', admin: true }],
    ['runner', tokens.runner('r1'), { kind: 'runner', name: 'r1' }],
    ['task', tokens.task({ taskId, epoch: 3 }), { kind: 'task', taskId, epoch: 3 }],
  ])('a %s token says who it is', (_, token, principal) => {
    expect(tokens.verify(token)).toEqual(principal)
  })

  it.each([
    ['another key', other.user('dev')],
    ['a kind put in by hand', tokens.runner('dev').replace('_runner_', '_user_')],
    ['another epoch', tokens.task({ taskId, epoch: 1 }).replace('.1.', '.2.')],
    ['a session', tokens.session('dev', new Date('2100-01-01'))],
    ['a cut token', tokens.user('dev').slice(0, -1)],
    ['nothing', ''],
    ['a huge id', `orrery_user_${'a'.repeat(100_000)}.${'a'.repeat(43)}`],
  ])('refuses %s', (_, token) => {
    expect(tokens.verify(token)).toBeNull()
  })

  it('ends a session at its time and takes no personal token for one', () => {
    const cookie = tokens.session('dev', new Date('2030-01-01T00:00:00Z'))
    expect(tokens.verifySession(cookie, new Date('2029-12-31T23:59:59Z'))).toMatchObject({ login: 'dev' })
    expect(tokens.verifySession(cookie, new Date('2030-01-01T00:00:00Z'))).toBeNull()
    expect(tokens.verifySession(tokens.user('dev'), new Date(0))).toBeNull()
  })
})
