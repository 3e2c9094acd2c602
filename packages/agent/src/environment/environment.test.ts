import { expect, it, test } from 'vitest'
import { jobSpec } from '../../test/kit/spec.ts'
import { makeEnvironment } from './environment.ts'
import { findHome } from './home.ts'
import { resolvePath } from './paths.ts'

const layers = ['image', 'place', 'project', 'context:a', 'context:b', 'builtin', 'docker', 'job']

/** Environment where all layers from the `from`th on set X to their own name. */
async function environmentFrom(from: number): Promise<string | undefined> {
  const vars = (name: string): Record<string, string> => (layers.indexOf(name) <= from ? { X: name } : {})
  const spec = jobSpec([], {
    environment: ['project', 'context:a', 'context:b', 'builtin', 'docker', 'job'].map((name) => ({
      source: name === 'docker' ? 'image' : name,
      vars: vars(name),
    })),
  })
  const place = { forwards: [], environment: vars('place'), imageEnvironment: {} }
  const made = await makeEnvironment({ spec, place, own: vars('image'), uid: 0, data: '/data' })
  return made.vars['X']
}

test.each(layers)('%s wins over all layers before it', async (name) => {
  expect(await environmentFrom(layers.indexOf(name))).toBe(name)
})

it('adds what only the agent knows, and lets the config override it', async () => {
  const spec = jobSpec([], {
    environment: [
      { source: 'project', vars: { BASH_ENV: 'evil', CIRCLE_INTERNAL_TASK_DATA: 'evil' } },
      { source: 'builtin', vars: { CI: 'true' } },
      { source: 'job', vars: { BASH_ENV: '/etc/profile' } },
    ],
  })
  const own = { PATH: '/usr/bin', HOME: '/home/circleci', TERM: 'xterm', NODE_VERSION: '20', NODE_OPTIONS: '' }

  const { vars, home } = await makeEnvironment({
    spec,
    place: { forwards: [], environment: {}, imageEnvironment: { NODE_OPTIONS: '--trace-warnings' } },
    own,
    uid: 1,
    data: '/data',
  })

  expect(home).toBe('/home/circleci')
  expect(vars).toEqual({
    BASH_ENV: '/etc/profile',
    CI: 'true',
    CIRCLE_INTERNAL_TASK_DATA: '/data',
    CIRCLE_SHELL_ENV: `/tmp/.bash_env-${spec.taskId}`,
    NODE_OPTIONS: '--trace-warnings',
    HOME: '/home/circleci',
    NODE_VERSION: '20',
    PATH: '/usr/bin:/orrery/bin',
  })
})

test.each<[string, string | undefined, number, string]>([
  ['the variable', '/home/x', 0, '/home/x'],
  ['passwd when the variable is /', '/', 0, '/root'],
  ['passwd when there is no variable', undefined, 0, '/root'],
  ['/ for a user that nobody knows', undefined, 54321, '/'],
])('home: %s', async (_, given, uid, home) => {
  expect(await findHome({ HOME: given }, uid)).toBe(home)
})

test.each([
  ['~', '/h'],
  ['~/a', '/h/a'],
  ['~x/a', '/w/~x/a'],
  ['a/../b', '/w/b'],
  ['/abs', '/abs'],
  ['$HOME/a', '/w/$HOME/a'],
  ['.', '/w'],
])('path %s is %s', (path, resolved) => {
  expect(resolvePath(path, '/h', '/w')).toBe(resolved)
})
