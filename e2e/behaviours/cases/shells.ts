import { expect } from 'vitest'
import { type Behaviours, longWord, say } from '../behaviour.ts'

const login = '/bin/bash --login -eo pipefail'
const odd = 'a"b\'c$d\\e `f` *  ü 漢 😀 ~ ! #'

/** Execution.md A.2, Linux. */
export const shells: Behaviours = {
  pipefail: { numbers: [31], steps: [{ run: 'false | true' }], status: 'failed', ran: ['false | true failed 1'] },
  errexit: {
    numbers: [32],
    steps: [say('s', 'false; echo x')],
    status: 'failed',
    ran: ['s failed 1'],
    says: { s: /^\nExited with code exit status 1\n\n\S+ received exit code 1\n$/ },
  },
  options: {
    numbers: [33, 34, 35, 39, 43, 46],
    image: 'odd',
    steps: [
      say('+e', 'set +e; false; echo x'),
      say('+pipefail', 'set +o pipefail; false | true'),
      say('sh', 'false; echo ok', { shell: '/bin/sh' }),
      say('not login', 'echo "[$P$R]"'),
      say('login', 'echo "[$P$R]"', { shell: login }),
      say('python', 'print(1)', { shell: 'python3' }),
      say('env', 'echo $0', { shell: '/usr/bin/env bash' }),
      say('quoted', 'echo $A', { shell: 'sh -c "A=\'x y\'; eval \\"\\$1\\"" sh-of-mine -- ' }),
    ],
    // The last one: `-c` and the command follow the words of the shell line, whatever those are.
    ran: [
      ...['+e', '+pipefail', 'sh', 'not login', 'login', 'python', 'env'].map((name) => `${name} success 0`),
      'quoted failed 127',
    ],
    status: 'failed',
    says: { '+e': 'x\n', sh: 'ok\n', 'not login': '[]\n', login: '[1]\n', python: '1\n', env: 'bash\n' },
    more: async (seen) => {
      expect(await seen.log('sh')).toMatch(/^#!\/bin\/sh\nfalse; echo ok\n/)
      expect(await seen.log('+e')).toMatch(/^#!\/bin\/bash -eo pipefail\nset \+e; false; echo x\n/)
      expect(await seen.log('login')).toMatch(/^#!\/bin\/bash --login -eo pipefail\n/)
    },
  },
  'job-shell': {
    numbers: [38, 40],
    image: 'odd',
    job: { shell: '/bin/bash' },
    steps: [say('job', 'false; echo "on [$P]"'), say('step', 'echo "[$P]"', { shell: login })],
    says: { job: 'on []\n', step: '[1]\n' },
  },
  busybox: {
    numbers: [36],
    image: 'busybox',
    steps: [say('sh', 'echo $0; false | true; echo never')],
    status: 'failed',
    ran: ['sh failed 1'],
    says: { sh: /^\/bin\/sh\n\nExited/ },
    more: async (seen) => expect(await seen.log('sh')).toMatch(/^#!\/bin\/sh -eo pipefail\n/),
  },
  dash: {
    numbers: [37],
    image: 'dash',
    steps: [say('sh', 'echo never'), say('own', 'echo $0; false; echo on', { shell: '/bin/sh', when: 'always' })],
    status: 'failed',
    ran: ['sh failed 2', 'own success 0'],
    says: { sh: /Illegal option -o pipefail/, own: '/bin/sh\non\n' },
  },
  profile: {
    numbers: [42, 64],
    image: 'busybox',
    job: { shell: '/bin/sh -leo pipefail', environment: { BASH_ENV: '/etc/profile' } },
    steps: [
      say('write', 'echo "export V=1" >> "$BASH_ENV"; echo "[$V]"'),
      say('read', 'echo "[$V]"'),
      say('plain', 'echo "[$V]"', { shell: '/bin/sh' }),
    ],
    says: { write: '[]\n', read: '[1]\n', plain: '[]\n' },
  },
  long: {
    numbers: [44],
    steps: [
      say('200 kB', `x=${longWord(4)}\necho \${#x}; echo $-`),
      say('shell', `x=${longWord(3)}\necho \${#x}`, { shell: '/bin/sh' }),
      say('where', 'ls -A . /orrery-task/tmp'),
    ],
    says: { '200 kB': /^200000\n[a-zA-Z]*e[a-zA-Z]*\n$/, shell: '150000\n', where: '.:\n\n/orrery-task/tmp:\n' },
  },
  bytes: {
    numbers: [45],
    steps: [
      say('quotes', `printf '%s\\n' '${odd.replaceAll("'", "'\\''")}'`),
      say('crlf', 'echo one\r\necho two\r\n', { shell: '/bin/sh' }),
    ],
    says: { quotes: `${odd}\n` },
    more: async (seen) => expect(await seen.log('crlf')).toContain('one\r\r\ntwo\r\r\n'),
  },
  'not-found': {
    numbers: [49],
    steps: [say('s', 'echo a\nno-such-program')],
    status: 'failed',
    ran: ['s failed 127'],
    says: { s: /^a\n.*line 2: no-such-program: command not found\n/ },
  },
  'no-shell': {
    numbers: [],
    steps: [
      say('missing', 'true', { shell: '/bin/zsh -e' }),
      say('in PATH', 'true', { shell: 'fish', when: 'always' }),
      say('no program', 'true', { shell: '/etc/passwd', when: 'always' }),
      say('directory', 'true', { shell: '/etc', when: 'always' }),
    ],
    status: 'failed',
    ran: ['missing failed 127', 'in PATH failed 127', 'no program failed 126', 'directory failed 126'],
    says: {
      missing: /^\/bin\/zsh: no such file or directory\n/,
      'in PATH': /^fish: no such file or directory\n/,
      'no program': /^\/etc\/passwd: permission denied\n/,
      directory: /^\/etc: is a directory\n/,
    },
  },
}
