import { expect } from 'vitest'
import { type Behaviours, say } from '../behaviour.ts'

/** The installation's own no-output timeout in these tests, seconds. */
export const noOutputTimeoutS = 4

const helper = 'circleci-agent step halt; echo after'

/** Execution.md A.7. */
export const runOptions: Behaviours = {
  silent: {
    numbers: [159, 163],
    steps: [
      say('s', 'echo go; sleep 60', { no_output_timeout: '1s' }),
      say('on fail', 'echo f', { when: 'on_fail' }),
      say('always', 'echo a', { when: 'always' }),
      say('never', 'true'),
    ],
    status: 'failed',
    ran: ['s timedout null', 'on fail success 0', 'always success 0'],
    says: { s: /^go\n(?:Terminated\n)?\nToo long with no output \(exceeded 1s\): context deadline exceeded\n$/ },
  },
  dots: {
    numbers: [160],
    steps: [say('s', 'for i in 1 2 3 4 5; do printf .; sleep 0.5; done', { no_output_timeout: '2s' })],
    says: { s: '.....' },
  },
  'silent-by-default': {
    numbers: [161, 183],
    steps: [say('s', 'cat', {})],
    status: 'failed',
    ran: ['s timedout null'],
    says: { s: new RegExp(`exceeded ${noOutputTimeoutS}s`) },
  },
  'names-from-nowhere': {
    numbers: [],
    steps: [
      say('split', 'circleci tests split', { no_output_timeout: '2s' }),
      say('run', 'circleci tests run --command=cat', { no_output_timeout: '2s', when: 'always' }),
    ],
    status: 'failed',
    ran: ['split timedout null', 'run timedout null'],
    says: { split: /^Reading from the terminal: pipe the input in/, run: /^Reading from the terminal: pipe/ },
  },
  'silent-tree': {
    numbers: [],
    steps: [
      say(
        'tree',
        'trap "" TERM; (trap "" TERM; exec -a lost-one sleep 1000) & (setsid bash -c \'trap "" TERM; exec -a lost-two sleep 1000\' &) ; ' +
          'nohup bash -c "exec -a lost-three sleep 1000" >/dev/null 2>&1 & sleep 1000',
        { no_output_timeout: '1s' },
      ),
      say('left', 'pgrep -cf "^lost-(one|three)" || true', { when: 'always' }),
    ],
    status: 'failed',
    ran: ['tree timedout null', 'left success 0'],
    says: { left: '0\n' },
  },
  background: {
    numbers: [164, 165, 166],
    steps: [
      say('sleeper', 'sleep 1000', { background: true }),
      say('broken', 'exit 1', { background: true }),
      say(
        'server',
        'exec perl -MIO::Socket::INET -e \'$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:8123", Listen => 5, ReuseAddr => 1) or die; while ($c = $s->accept) { print $c "hello\\n"; close $c }\'',
        {
          background: true,
        },
      ),
      say(
        'next',
        'for i in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/8123; cat <&3) 2>/dev/null && break; sleep 0.1; done',
      ),
    ],
    says: { next: 'hello\n' },
    more: (seen) => {
      expect(seen.ran()).toEqual(['sleeper canceled null', 'broken failed 1', 'server canceled null', 'next success 0'])
    },
  },
  'left-running': {
    numbers: [167, 168],
    steps: [
      say(
        'start',
        'i=0; (while :; do i=$((i+1)); echo "noise $i"; echo $i > beat.new; mv beat.new beat; sleep 0.02; done) & sleep 1000 & echo started',
      ),
      say(
        'alive',
        'until [ -s beat ]; do sleep 0.02; done; a=$(cat beat); until [ "$(cat beat)" -gt "$((a + 10))" ]; do sleep 0.02; done; echo alive',
      ),
    ],
    says: { start: /started\n/, alive: 'alive\n' },
  },
  reruns: {
    numbers: [169],
    steps: [
      say('flaky', 'echo try; if [ -e marker ]; then exit 0; fi; touch marker; exit 7', { max_auto_reruns: 2 }),
      say('on fail', 'true', { when: 'on_fail' }),
    ],
    ran: ['flaky failed 7', 'flaky success 0'],
    more: async (seen) => {
      const attempts = seen.view.tasks[0]?.steps.filter(({ name }) => name === 'flaky').map(({ attempt }) => attempt)
      expect(attempts).toEqual([0, 1])
      expect(await seen.output('flaky', 0, 1)).toBe('try\n')
    },
  },
  'reruns-used-up': {
    numbers: [170, 171],
    steps: [
      say('s', 'exit 7', { max_auto_reruns: 2, auto_rerun_delay: '1s' }),
      say('on fail', 'true', { when: 'on_fail' }),
    ],
    status: 'failed',
    ran: ['s failed 7', 's failed 7', 's failed 7', 'on fail success 0'],
    more: (seen) => {
      const [a, b, c] = seen.view.tasks[0]?.steps.filter(({ name }) => name === 's') ?? []
      for (const [first, next] of [
        [a, b],
        [b, c],
      ]) {
        const gap = Date.parse(next?.startedAt ?? '') - Date.parse(first?.endedAt ?? '')
        expect(gap).toBeGreaterThanOrEqual(990)
      }
    },
  },
  'reruns-timeout': {
    numbers: [],
    steps: [
      say('s', 'if [ -e m ]; then exit 0; fi; touch m; sleep 60', { max_auto_reruns: 1, no_output_timeout: '1s' }),
    ],
    ran: ['s timedout null', 's success 0'],
  },
  'reruns-halt': {
    numbers: [],
    steps: [say('s', 'circleci step halt; exit 1', { max_auto_reruns: 3 }), say('never', 'true', { when: 'always' })],
    status: 'failed',
    ran: ['s failed 1'],
  },
  halt: {
    numbers: [174, 175],
    steps: [{ run: 'true' }, say('s', helper), say('never', 'false'), say('always', 'false', { when: 'always' })],
    ran: ['true success 0', 's success 0'],
    says: { s: 'after\n' },
  },
  'halt-task': { numbers: [175], steps: [say('s', 'circleci task halt'), { run: 'false' }], ran: ['s success 0'] },
  'halt-after-failure': {
    numbers: [176],
    steps: [{ run: 'false' }, say('s', helper, { when: 'always' }), say('never', 'true', { when: 'always' })],
    status: 'failed',
    ran: ['false failed 1', 's success 0'],
  },
  'halt-and-fail': { numbers: [177], steps: [say('s', `${helper}; exit 1`)], status: 'failed', ran: ['s failed 1'] },
  'halt-one-node': {
    numbers: [178],
    job: { parallelism: 2 },
    steps: [say('s', 'if [ "$CIRCLE_NODE_INDEX" = 0 ]; then circleci step halt; fi'), say('next', 'true')],
    more: (seen) => expect([seen.ran(0), seen.ran(1)]).toEqual([['s success 0'], ['s success 0', 'next success 0']]),
  },
  directories: {
    numbers: [179, 180],
    steps: [
      say('sub', 'pwd', { working_directory: 'sub/dir' }),
      say('home', 'pwd', { working_directory: '~/x' }),
      say('absolute', 'pwd', { working_directory: '/tmp/x' }),
      say('default', 'pwd'),
      say('removed', 'rmdir ../project/sub/dir ../project/sub && cd .. && rmdir project'),
      say('back', 'pwd'),
      say('file', 'pwd', { working_directory: '/etc/passwd/x' }),
      say('forbidden', 'pwd', { working_directory: '/root/x', when: 'always' }),
      say('unreadable', 'pwd', { working_directory: '/root', when: 'always' }),
    ],
    status: 'failed',
    says: {
      sub: '/home/circleci/project/sub/dir\n',
      home: '/home/circleci/x\n',
      absolute: '/tmp/x\n',
      default: '/home/circleci/project\n',
      back: '/home/circleci/project\n',
      file: /\/etc\/passwd.*not a directory/i,
      forbidden: /\/root.*permission denied/i,
      unreadable: /working directory \/root cannot be entered: permission denied/,
    },
  },
  'literal-directory': {
    numbers: [181],
    job: { working_directory: '$HOME/x' },
    steps: [say('s', 'pwd')],
    says: { s: '/home/circleci/$HOME/x\n' },
  },
  'forbidden-directory': {
    numbers: [],
    job: { working_directory: '/root/x' },
    steps: [say('s', 'pwd')],
    status: 'failed',
    says: { s: /\/root\/x.*permission denied/i },
  },
  terminal: {
    numbers: [182, 184],
    steps: [
      say('tty', 'test -t 0 && test -t 1 && test -t 2 && printenv TERM || stty size; tty | grep -c ^/dev/'),
      say('order', 'for i in $(seq 200); do echo "out $i"; echo "err $i" >&2; done'),
      say('unicode', "printf '\\342\\202\\254 \\377\\n'"),
    ],
    says: { tty: '24 80\n1\n', order: Array.from({ length: 200 }, (_, i) => `out ${i + 1}\nerr ${i + 1}\n`).join('') },
  },
  'deploy-nodes': {
    numbers: [185],
    job: { parallelism: 2 },
    steps: [
      say('s', 'if [ "$CIRCLE_NODE_INDEX" = 1 ]; then sleep 1; fi'),
      { deploy: { name: 'd', command: 'echo deployed' } },
    ],
    more: async (seen) => {
      expect(await seen.output('d', 0)).toMatch(/deployed\n$/)
      expect(await seen.output('d', 1)).toBe('A deploy step runs on node 0 only.\n')
      const [zero, one] = seen.view.tasks.map(({ steps }) => steps.at(-1))
      expect(Date.parse(zero?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(one?.endedAt ?? ''))
    },
  },
  'deploy-nodes-failed': {
    numbers: [185],
    job: { parallelism: 2 },
    steps: [say('s', '[ "$CIRCLE_NODE_INDEX" = 0 ]'), { deploy: { name: 'd', command: 'echo deployed' } }],
    status: 'failed',
    more: async (seen) =>
      expect(await seen.output('d', 0)).toMatch(/Not deployed: another node of this job failed\.\n$/),
  },
  deploy: { numbers: [185], steps: [{ deploy: { name: 'd', command: 'echo deployed' } }], says: { d: 'deployed\n' } },
}
