import { expect } from 'vitest'
import { type Behaviours, images, say } from '../behaviour.ts'

/** Set on the project before the pipeline starts. */
export const projectVariables = {
  LAYER: 'of-project',
  CIRCLE_BRANCH: 'evil',
  MULTI: 'first line\nsecond line',
  PROJECT_VAR: 'of-the-project',
}
export const contextVariables = {
  a: { LAYER: 'of-context-a', X: 'from-a', ONLY_A: 'a' },
  b: { X: 'from-b' },
}
/** Top-level keys of the configuration that the cases use. */
export const definitions = {
  executors: { both: { docker: [{ image: images.base }], environment: { A: 1, B: 1 } } },
}

const layer = say('layer', 'echo "$LAYER"')

/** Execution.md A.3. */
export const environment: Behaviours = {
  'layer-project': { numbers: [50], steps: [layer], says: { layer: '****\n' } },
  'layer-context': {
    numbers: [50, 51],
    entry: { context: ['a', 'b'] },
    steps: [say('layer', '[ "$LAYER" = "of-context-a" ]'), say('x', '[ "$X" = "from-b" ]; echo "${#ONLY_A}"')],
    says: { x: '1\n' },
  },
  'layer-job': {
    numbers: [50, 53],
    entry: { context: ['a'] },
    job: { environment: { LAYER: 'job', CIRCLE_JOB: 'x' } },
    steps: [
      layer,
      say('step', 'echo "$LAYER"', { environment: { LAYER: 'step' } }),
      say('inline', 'LAYER=inline; echo "$LAYER"; LAYER=one env | grep ^LAYER=', { environment: { LAYER: 'step' } }),
      say('job', 'echo "$CIRCLE_JOB"'),
    ],
    says: { layer: 'job\n', step: 'step\n', inline: 'inline\nLAYER=one\n', job: 'x\n' },
  },
  'builtins-win': {
    numbers: [52, 72, 73, 75, 81, 82, 85],
    steps: [
      say(
        'facts',
        'echo "$CIRCLE_BRANCH ${CIRCLE_TAG-unset} $CI $CIRCLECI $CIRCLE_NODE_INDEX/$CIRCLE_NODE_TOTAL"; ' +
          'echo "${CIRCLE_PREVIOUS_BUILD_NUM-unset} ${CIRCLE_CONTINUATION_KEY-unset} ${CIRCLE_PR_NUMBER-unset}"; ' +
          '[ "$CIRCLE_WORKFLOW_WORKSPACE_ID" = "$CIRCLE_WORKFLOW_ID" ]; [ "$CIRCLE_STAGE" = "$CIRCLE_JOB" ]; ' +
          '[ -d "$CIRCLE_INTERNAL_TASK_DATA" ]; printenv TERM USER LOGNAME || echo unset',
      ),
    ],
    says: { facts: 'main unset true true 0/1\nunset unset unset\nunset\n' },
  },
  merged: {
    numbers: [54],
    job: { executor: 'both', environment: { B: 2, C: 3 } },
    steps: [say('s', 'echo $A$B$C')],
    says: { s: '123\n' },
  },
  literal: {
    numbers: [55, 57, 58, 59, 60, 89],
    job: {
      environment: { FOO: '$BAR/x', N: 123456, M: 12345678, S: '12345678', B: true, E: '<< pipeline.git.tag >>' },
    },
    steps: [
      say('s', 'echo "$FOO $N $M $S $B $E"', { environment: { MULTI: 'one\ntwo' } }),
      say('multi', 'printenv MULTI', { environment: { MULTI: 'one\ntwo' } }),
      say('project', 'printenv MULTI | wc -l; [ "$MULTI" = "$(printf \'first line\\nsecond line\')" ]'),
    ],
    // Booleans and long integers as config-language.md 12.5 decides.
    says: { s: '$BAR/x 123456 12345678 12345678 1 <nil>\n', multi: 'one\ntwo\n', project: '2\n' },
  },
  path: {
    numbers: [56],
    job: { environment: { PATH: '$PATH:/x' } },
    steps: [say('s', 'echo "$PATH"; ls')],
    status: 'failed',
    ran: ['s failed 127'],
    says: { s: /^\$PATH:\/x\n.*ls: (?:command not found|No such file or directory)\n/ },
  },
  'bash-env': {
    numbers: [61, 62, 63, 64, 65],
    steps: [
      say('first', 'echo "${BASH_ENV:0:15}"; [ -e "$BASH_ENV" ] || echo none; [ "$BASH_ENV" = "$CIRCLE_SHELL_ENV" ]'),
      say('write', `echo 'export V=1' >> "$BASH_ENV"; echo "[$V]"; source "$BASH_ENV"; echo "[$V]"`),
      say('next', 'echo "[$V]"; bash -c \'echo "[$V]"\''),
      say('beats step', 'echo "[$V]"', { environment: { V: 'step' } }),
      say('sh', 'echo "[$V]"', { shell: '/bin/sh' }),
      say('sudo', 'sudo -E bash -c \'echo "[$V]"; echo "export W=2" >> "$0"\' "$BASH_ENV"'),
      say('after sudo', 'echo "[$W]"'),
      say('overridden', 'echo "[$V]"', { environment: { BASH_ENV: '/dev/null' } }),
      say('break', 'echo "if" >> "$BASH_ENV"'),
      say('broken', 'echo on', { when: 'always' }),
    ],
    says: {
      first: '/tmp/.bash_env-\nnone\n',
      write: '[]\n[1]\n',
      next: '[1]\n[1]\n',
      'beats step': '[1]\n',
      sh: '[]\n',
      sudo: '[1]\n',
      'after sudo': '[2]\n',
      overridden: '[]\n',
      broken: /syntax error/,
    },
  },
  nodes: {
    numbers: [66, 76],
    job: { parallelism: 3 },
    steps: [
      say('write', 'if [ "$CIRCLE_NODE_INDEX" = 0 ]; then echo "export V=0" >> "$BASH_ENV"; fi'),
      say('read', 'echo "$CIRCLE_NODE_INDEX/$CIRCLE_NODE_TOTAL [$V]"'),
    ],
    more: async (seen) => {
      const said = await Promise.all([0, 1, 2].map((node) => seen.output('read', node)))
      expect(said).toEqual(['0/3 [0]\n', '1/3 []\n', '2/3 []\n'])
    },
  },
  image: {
    numbers: [67, 90, 152],
    image: 'odd',
    steps: [
      say('s', 'echo "$X $HOME $(id -un) $LD_LIBRARY_PATH $NODE_OPTIONS $LD_PRELOAD"; pwd'),
      // The agent's own process is free of them: they would keep its Node from starting.
      say('helper', 'circleci version'),
      say('halt', 'circleci step halt; echo halted'),
      say('never', 'false'),
    ],
    says: {
      s: 'img /home/circleci circleci /nowhere --require=/nowhere.js libutil.so.1\n/home/circleci/project\n',
      halt: 'halted\n',
    },
  },
  'image-root': {
    numbers: [90, 180],
    job: { docker: [{ image: images.odd, user: 'root', environment: { X: 'c' } }] },
    steps: [say('s', 'echo "$X $HOME $(id -u)"; pwd; stat -c %U .')],
    says: { s: 'c /root 0\n/root/project\nroot\n' },
  },
  'image-environment': {
    numbers: [68, 69],
    job: { docker: [{ image: images.odd, environment: { X: 'c', Y: 'c' } }], environment: { Y: 'j' } },
    steps: [say('s', 'echo "$X $Y"')],
    says: { s: 'c j\n' },
  },
  service: {
    numbers: [70, 71],
    job: {
      docker: [
        { image: images.base },
        {
          image: images.busybox,
          command: ['sh', '-c', 'echo "Y=$Y Z=$Z"; exec sleep 1000'],
          environment: { Y: 1, Z: '$PROJECT_VAR' },
        },
      ],
    },
    steps: [say('s', 'echo "${Y-unset} ${Z-unset}"')],
    says: { s: 'unset unset\n', [`Container ${images.busybox}`]: 'Y=1 Z=$PROJECT_VAR\n' },
  },
  'working-directory': {
    numbers: [79],
    job: { working_directory: '~/app' },
    steps: [say('s', 'echo "$CIRCLE_WORKING_DIRECTORY"; pwd')],
    says: { s: '~/app\n/home/circleci/app\n' },
  },
  subst: {
    numbers: [86, 87],
    steps: [
      say(
        's',
        `printf '%s\\n' '$FOO \${BAR} [$NONE] plain' > f; circleci env subst < f; circleci env subst 'hello $FOO'`,
        {
          environment: { FOO: 'x', BAR: 'y' },
        },
      ),
    ],
    says: { s: /^x y \[\] plain\nhello x\n?$/ },
  },
  'too-large': {
    numbers: [],
    steps: [
      say('grow', `for i in $(seq 40); do echo "export BIG$i=$(head -c 100000 /dev/zero | tr '\\0' x)"; done > env.sh`),
      say('child', 'source env.sh; true; /bin/true', { shell: '/bin/bash' }),
    ],
    status: 'failed',
    ran: ['grow success 0', 'child failed 126'],
    says: { child: /Argument list too long/ },
  },
}
