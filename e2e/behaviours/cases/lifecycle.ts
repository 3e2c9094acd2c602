import { expect } from 'vitest'
import { type Behaviours, say } from '../behaviour.ts'

/** Execution.md A.1: order, conditions, exit codes. */
export const lifecycle: Behaviours = {
  green: {
    numbers: [1, 4, 10, 21, 22],
    steps: [
      { run: 'true' },
      { run: 'echo a' },
      { run: { command: 'echo 1\necho 2\n' } },
      { run: { command: 'echo f', when: 'on_fail' } },
      { store_artifacts: { path: '/etc/hostname', when: 'on_fail' } },
      say('always', 'echo z', { when: 'always' }),
    ],
    ran: ['true success 0', 'echo a success 0', 'echo 1\necho 2\n success 0', 'always success 0'],
    says: { 'echo a': 'a\n', always: 'z\n' },
    more: async (seen) => expect(await seen.client.artifacts(seen.view.id)).toEqual([]),
  },
  usage: {
    numbers: [],
    image: 'root',
    steps: [
      say('work', 'head -c 300000000 /dev/zero > /mnt/ramdisk/f; timeout 3 sh -c "while :; do :; done" || true', {
        no_output_timeout: '2m',
      }),
    ],
    more: ({ view }) => {
      const [task] = view.tasks
      expect(task?.usage?.memoryMaxBytes).toBeGreaterThan(300_000_000)
      expect(task?.usage?.memoryMaxBytes).toBeLessThan(1_000_000_000)
      expect(task?.usage?.memoryMeanBytes).toBeLessThan(task?.usage?.memoryMaxBytes ?? 0)
      expect(task?.usage?.cpuS).toBeGreaterThan(0.2)
      expect(task?.usage?.cpuS).toBeLessThan(20)
    },
  },
  stops: {
    numbers: [2],
    steps: [{ run: 'exit 3' }, { run: 'echo x' }],
    status: 'failed',
    ran: ['exit 3 failed 3'],
  },
  red: {
    numbers: [3, 4, 5],
    steps: [
      { run: 'exit 1' },
      say('always', 'echo a', { when: 'always' }),
      say('on fail', 'echo f', { when: 'on_fail' }),
      { run: 'echo never' },
    ],
    status: 'failed',
    ran: ['exit 1 failed 1', 'always success 0', 'on fail success 0'],
    says: { always: 'a\n', 'on fail': 'f\n' },
  },
  'always-fails': {
    numbers: [6],
    steps: [
      { run: 'true' },
      { run: { command: 'exit 1', when: 'always' } },
      say('on fail', 'echo f', { when: 'on_fail' }),
    ],
    status: 'failed',
    ran: ['true success 0', 'exit 1 failed 1', 'on fail success 0'],
  },
  'keeps-after-failure': {
    numbers: [7, 8, 9, 10],
    steps: [
      {
        run: 'mkdir r; echo \'<testsuite><testcase name="t" classname="c" time="1"/></testsuite>\' > r/j.xml; exit 1',
      },
      { save_cache: { key: 'never-stored', paths: ['r'] } },
      { persist_to_workspace: { root: '.', paths: ['r'] } },
      { store_test_results: { path: 'r' } },
      { store_artifacts: { path: 'r' } },
      { store_artifacts: { path: 'r', destination: 'failed', when: 'on_fail', name: 'on fail' } },
      { store_artifacts: { path: 'r', destination: 'green', when: 'on_success', name: 'on success' } },
      { save_cache: { key: 'stored', paths: ['r'], when: 'always', name: 'always' } },
    ],
    status: 'failed',
    more: async (seen) => {
      const names = seen.ran().map((line) => line.replace(/^mkdir.*failed/, 'failed'))
      expect(names).toEqual([
        'failed 1',
        'Uploading test results success 0',
        'Uploading artifacts success 0',
        'on fail success 0',
        'always success 0',
      ])
      expect((await seen.client.artifacts(seen.view.id)).map(({ path }) => path)).toEqual(['failed/j.xml', 'r/j.xml'])
      expect((await seen.client.tests(seen.view.id)).map(({ name }) => name)).toEqual(['t'])
      expect(await seen.output('always')).toMatch(/stored/i)
    },
  },
  killed: {
    numbers: [16],
    steps: [{ run: 'kill -9 $$' }],
    status: 'failed',
    ran: ['kill -9 $$ failed 137'],
  },
  'partial-line': { numbers: [17], steps: [say('p', 'printf partial')], says: { p: 'partial' } },
  'own-processes': {
    numbers: [18, 19, 20],
    steps: [
      { run: 'cd /tmp; export A=1; set -x; f() { echo f; }' },
      say('cwd', 'pwd'),
      say('variable', 'echo "[$A]"; type f 2>/dev/null || echo no f'),
      say('same', 'A=1\necho $A'),
    ],
    says: { cwd: '/home/circleci/project\n', variable: '[]\nno f\n', same: '1\n' },
  },
}
