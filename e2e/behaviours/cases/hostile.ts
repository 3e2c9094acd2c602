import { expect } from 'vitest'
import { type Behaviours, images, longWord, say } from '../behaviour.ts'

const tooLong = 'argument list too long: the environment and the command are larger than the system allows'

/** What no list names: odd input that must end in a sentence, not in a hang or a lost job. */
export const hostile: Behaviours = {
  'environment-too-large': {
    numbers: [],
    job: { environment: { BIG: 'x'.repeat(140_000) } },
    steps: [
      say('run', 'echo never'),
      { checkout: { name: 'checkout', when: 'always' } },
      say('background', 'echo never', { when: 'always', background: true }),
      say('smaller', 'echo "[$BIG]"', { when: 'always', environment: { BIG: '' } }),
    ],
    status: 'failed',
    says: {
      run: new RegExp(`^/bin/bash: ${tooLong}\n`),
      checkout: new RegExp(`^git: ${tooLong}\n`),
      background: new RegExp(`^/bin/bash: ${tooLong}\n`),
      smaller: '[]\n',
    },
    more: (seen) =>
      expect(seen.ran()).toEqual(['run failed 126', 'checkout failed 1', 'background failed 126', 'smaller success 0']),
  },
  'exit-codes': {
    numbers: [],
    steps: [
      say('wraps', 'exit 256'),
      say('255', 'exit -1'),
      say('term', 'kill -TERM $$', { when: 'always' }),
      say('segv', 'kill -SEGV $$', { when: 'always' }),
      say('hup', 'trap - HUP; kill -HUP $$', { when: 'always' }),
      say('child', 'bash -c "kill -9 \\$\\$"', { when: 'always' }),
    ],
    status: 'failed',
    ran: [
      'wraps success 0',
      '255 failed 255',
      'term failed 143',
      'segv failed 139',
      'hup failed 129',
      'child failed 137',
    ],
  },
  'empty-shell': {
    numbers: [],
    steps: [
      say('empty', 'echo "$-"', { shell: '' }),
      say('blank', 'echo "$0"', { shell: '   ' }),
      say('empty command', ''),
    ],
    says: { empty: /e/, blank: '/bin/bash\n', 'empty command': '' },
  },
  'closes-everything': {
    numbers: [],
    steps: [
      say('s', 'exec 0<&- 1>&- 2>&-; sleep 0.2'),
      say('next', 'echo on; exec setsid -w bash -c "echo from another session"'),
      say('foreground', 'set -m; bash -c "echo in its own group"; wait'),
      say('hung up', '(trap "" HUP; sleep 0.3; echo late) & disown; echo first'),
    ],
    says: { s: '', next: 'on\nfrom another session\n', foreground: 'in its own group\n', 'hung up': /^first\n/ },
  },
  'kills-what-starts-it': {
    numbers: [],
    // The process that starts all steps, by its name; this step's own leader is its copy and stays.
    steps: [
      say('kills', 'kill -9 $(ps -o ppid= -p $PPID); sleep 0.3; echo on; exit 5'),
      say('next', 'echo next; (sleep 0.1; pkill -9 -x launch) & wait', { when: 'always' }),
      say('last', 'echo last', { when: 'always' }),
    ],
    status: 'failed',
    ran: ['kills failed 5', 'next failed 137', 'last success 0'],
    says: { kills: /^on\n/, next: /^next\n/, last: 'last\n' },
  },
  'agent-beside': {
    numbers: [],
    // With a command of its own the container's main process is the image's, and the agent is started beside it.
    job: { docker: [{ image: images.odd, command: ['sleep', '600'], environment: { OWN: 'c' } }] },
    steps: [say('s', 'echo "$X $OWN $NODE_OPTIONS $LD_PRELOAD"; circleci version >/dev/null && echo helper')],
    says: { s: 'img c --require=/nowhere.js libutil.so.1\nhelper\n' },
  },
  'user-without-name': {
    numbers: [],
    job: { docker: [{ image: images.odd, user: '54321:54321' }], working_directory: '/tmp/work' },
    steps: [
      'checkout',
      say('s', 'id -u; echo "$HOME"; cat note.txt; git fetch -q && echo fetched; echo "export V=1" >> "$BASH_ENV"'),
      say('next', 'echo "[$V]"; circleci step halt'),
      say('never', 'false'),
    ],
    says: { 'Checkout code': /known_hosts cannot be written/, s: '54321\n/\nsecond\nfetched\n', next: '[1]\n' },
  },
  'long-as-another-user': {
    numbers: [],
    job: { docker: [{ image: images.base, user: 'root' }], working_directory: '/tmp/work' },
    steps: [say('s', `x=${longWord(3)}\necho "$(id -un) \${#x}"`, { shell: 'sudo -u circleci /bin/bash -e' })],
    says: { s: 'circleci 150000\n' },
  },
  'keys-nowhere-to-put': {
    numbers: [],
    steps: [
      { run: 'rm -rf ~/.ssh; touch ~/.ssh' },
      { add_ssh_keys: { name: 'keys' } },
      { checkout: { name: 'code', when: 'always' } },
    ],
    status: 'failed',
    says: { keys: /^The keys cannot be written to \/home\/circleci\/\.ssh: /, code: /known_hosts cannot be written/ },
    more: (seen) => expect(seen.ran().slice(1)).toEqual(['keys failed 1', 'code success 0']),
  },
  'halt-from-anywhere': {
    numbers: [],
    steps: [
      say('sudo', 'sudo -E env "PATH=$PATH" circleci step halt; cd /; echo done'),
      say('never', 'false', { when: 'always' }),
    ],
    ran: ['sudo success 0'],
  },
  'halt-in-background': {
    numbers: [],
    steps: [
      say('background', 'circleci step halt; touch halted; sleep 1000', { background: true }),
      say('waits', 'until [ -e halted ]; do sleep 0.05; done'),
      say('never', 'false'),
    ],
    more: (seen) => expect(seen.ran()).toEqual(['background canceled null', 'waits success 0']),
  },
  'checkout-paths': {
    numbers: [],
    steps: [
      { run: 'ln -s /tmp/elsewhere link; touch file' },
      { checkout: { path: 'link/repo', name: 'through a link that leads nowhere' } },
      { checkout: { path: 'file', name: 'file', when: 'always' } },
      { checkout: { path: '/root/x', name: 'forbidden', when: 'always' } },
      { checkout: { path: 'a b/ü', name: 'odd', when: 'always' } },
      say('look', 'cat "a b/ü/note.txt"; cd "a b/ü" && git fetch -q && echo fetched', { when: 'always' }),
    ],
    status: 'failed',
    says: {
      'through a link that leads nowhere': /cannot be used for the checkout/,
      file: /cannot be used for the checkout: .*/,
      forbidden: /cannot be used for the checkout: permission denied/,
      look: 'second\nfetched\n',
    },
  },
}
