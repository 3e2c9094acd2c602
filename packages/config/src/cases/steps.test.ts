import { describe } from 'vitest'
import { B, commands, faultCases, firstStep, spec, valueCases, withParameters, withSteps } from './harness.ts'

const command = (name: string, steps: string) => `commands: {${name}: {steps: ${steps}}}\n`
const run = (rest: string) => withSteps(`- run: {command: x, ${rest}}`)

describe('steps and commands: faults', () => {
  faultCases([
    {
      name: '170 run with outdented keys',
      config: withSteps('- run:\n  command: x'),
      gives: ['C220 6:9'],
      says: ['run, command', 'indent the keys under `run`'],
    },
    { name: '171 store_test_results bare', config: withSteps('- store_test_results'), gives: ['C223'], says: ['path'] },
    ...['5', 'null', '[checkout]'].map((step) => ({
      name: `173 ${step} as a step`,
      config: withSteps(`- ${step}`),
      gives: ['C221'],
    })),
    {
      name: '176 when and unless',
      config: withSteps('- {when: {condition: true, steps: []}, unless: {condition: true, steps: []}}'),
      gives: ['C220'],
    },
    { name: '176 when without condition', config: withSteps('- when: {steps: [checkout]}'), gives: ['C224'] },
    { name: '178 restore_cache without key', config: withSteps('- restore_cache: {name: r}'), gives: ['C226'] },
    {
      name: '180 an unknown word for when',
      config: withParameters('{w: {type: string}}', '{w: sometimes}', '- run: {command: x, when: << parameters.w >>}'),
      gives: ['C230'],
      says: ['sometimes'],
    },
    ...['6', '0', '"3"'].map((value) => ({
      name: `181 max_auto_reruns ${value}`,
      config: run(`max_auto_reruns: ${value}`),
      gives: ['C232'],
    })),
    { name: '182 a delay alone', config: run('auto_rerun_delay: 30s'), gives: ['C233'] },
    ...['11m', '601s', '1h', '30'].map((value) => ({
      name: `182 a delay of ${value}`,
      config: run(`max_auto_reruns: 1, auto_rerun_delay: ${value}`),
      gives: ['C233'],
    })),
    { name: '183 a background step with reruns', config: run('background: true, max_auto_reruns: 2'), gives: ['C234'] },
    ...['method: shallow', 'method: full, depth: 1', 'method: lazy'].map((keys) => ({
      name: `184 checkout ${keys}`,
      config: withSteps(`- checkout: {${keys}}`),
      gives: ['C235'],
    })),
    { name: '185 a timeout in words', config: run('no_output_timeout: 20 minutes'), gives: ['C231'] },
    { name: '186 run with a name only', config: withSteps('- run: {name: x}'), gives: ['C225'] },
    { name: '186 run alone', config: withSteps('- run:'), gives: ['C225'] },
    ...['run', 'when', 'unless', 'steps'].map((name) => ({
      name: `191 a command named ${name}`,
      config: withSteps('- checkout', command(name, '[checkout]')),
      gives: ['C402'],
    })),
    {
      name: '192 recursion',
      config: withSteps('- a', 'commands: {a: {steps: [b]}, b: {steps: [a]}}\n'),
      gives: ['C403'],
      says: ['a → b → a'],
    },
    {
      name: '193 an unknown step',
      config: withSteps('- foo'),
      gives: ['C405 6:9'],
      says: ['Cannot find a definition for command named foo'],
      stack: ['workflow workflow', 'job build'],
    },
    {
      name: '194 an unknown step in an unused job',
      config: `version: 2.1\njobs: {build: ${B}, other: {docker: [{image: x}], steps: [foo]}}\nworkflows: {w: {jobs: [build]}}`,
      gives: ['W904'],
    },
    {
      name: '194 an unknown step in an untaken branch',
      config: withSteps('- when: {condition: false, steps: [foo]}\n- checkout'),
      gives: ['W904'],
    },
    {
      name: '195 a scalar argument',
      config: withSteps('- greet: hello', command('greet', '[checkout]')),
      gives: ['C222'],
    },
    {
      name: '197 no steps at all',
      config: 'version: 2.1\njobs: {build: {docker: [{image: x}], steps: []}}',
      gives: ['C228'],
    },
    { name: '199 an unknown key in run', config: run('foo: 1'), gives: ['W921'] },
    {
      name: '201 setup_remote_docker on a machine',
      config: 'version: 2.1\njobs: {build: {machine: {image: x}, steps: [setup_remote_docker]}}',
      gives: ['W922'],
    },
    { name: 'reruns of another step', config: withSteps('- checkout: {max_auto_reruns: 2}'), gives: ['C201'] },
    { name: 'a literal of the wrong type', config: run('background: "yes"'), gives: ['C202'] },
    {
      name: 'steps of a command missing',
      config: withSteps('- checkout', 'commands: {c: {description: x}}\n'),
      gives: ['C227'],
    },
    {
      name: 'near names are shown',
      config: withSteps('- setup-env', command('setup_env', '[checkout]')),
      gives: ['C405'],
      says: ['did you mean "setup_env"?'],
    },
    {
      name: 'a string where steps are expected',
      config: withParameters('{s: {type: string, default: x}}', '{}', '- steps: << parameters.s >>'),
      gives: ['C202'],
    },
  ])
})

describe('steps and commands: values', () => {
  valueCases([
    {
      name: '172 checkout with null',
      config: withSteps('- checkout:'),
      see: firstStep,
      is: { kind: 'checkout', name: 'Checkout code', method: 'blobless' },
    },
    {
      name: '174 spliced steps',
      config: withParameters(
        '{s: {type: steps}}',
        '{s: [{run: a}, {run: b}]}',
        '- checkout\n- steps: << parameters.s >>\n- run: c',
      ),
      see: commands,
      is: ['checkout', 'a', 'b', 'c'],
    },
    {
      name: 'steps spliced by a bare template',
      config: withParameters('{s: {type: steps}}', '{s: [{run: a}, {run: b}]}', '- << parameters.s >>'),
      see: commands,
      is: ['a', 'b'],
    },
    {
      name: '175 steps of a condition by template',
      config: withParameters(
        '{s: {type: steps}}',
        '{s: [{run: a}]}',
        '- when: {condition: true, steps: << parameters.s >>}',
      ),
      see: commands,
      is: ['a'],
    },
    {
      name: '177 when on restore_cache',
      config: withSteps('- restore_cache: {key: x, when: always}'),
      see: firstStep,
      is: { kind: 'restore_cache', name: 'Restoring Cache', when: 'always', keys: ['x'] },
    },
    {
      name: '178 key before keys',
      config: withSteps('- restore_cache: {key: a, keys: [b, c]}'),
      see: (r) => firstStep(r).keys,
      is: ['a', 'b', 'c'],
    },
    {
      name: '179 an empty version',
      config: withSteps('- setup_remote_docker: {version: ""}'),
      see: firstStep,
      is: { kind: 'setup_remote_docker', name: 'Setup a remote Docker engine', dockerLayerCaching: false },
    },
    // The empty default of a parameter, passed on: orbs are full of it.
    ...[
      [
        'run: {command: make, name: "", working_directory: ""}',
        { kind: 'run', name: 'make', command: 'make', background: false, environment: {} },
      ],
      ['checkout: {name: "", path: ""}', { kind: 'checkout', name: 'Checkout code', method: 'blobless' }],
      [
        'store_artifacts: {path: out, destination: ""}',
        { kind: 'store_artifacts', name: 'Uploading artifacts', path: 'out' },
      ],
    ].map(([step, is]) => ({
      name: `an empty text is not given: ${step}`,
      config: withSteps(`- ${step}`),
      see: firstStep,
      is,
    })),
    {
      name: '180 when by an enum',
      config: withParameters(
        '{w: {type: enum, enum: [on_fail], default: on_fail}}',
        '{}',
        '- run: {command: x, when: << parameters.w >>}',
      ),
      see: (r) => firstStep(r).when,
      is: 'on_fail',
    },
    { name: '181 five reruns', config: run('max_auto_reruns: 5'), see: (r) => firstStep(r).maxAutoReruns, is: 5 },
    ...(['10m', '600s'] as const).map((delay) => ({
      name: `182 a delay of ${delay}`,
      config: run(`max_auto_reruns: 1, auto_rerun_delay: ${delay}`),
      see: (r: Parameters<typeof firstStep>[0]) => firstStep(r).autoRerunDelayS,
      is: 600,
    })),
    {
      name: '184 a shallow checkout',
      config: withSteps('- checkout: {method: shallow, depth: 1, path: p}'),
      see: firstStep,
      is: { kind: 'checkout', name: 'Checkout code', method: 'blobless', path: 'p' },
    },
    {
      name: '185 a timeout in hours',
      config: run('no_output_timeout: 1.5h'),
      see: (r) => firstStep(r).noOutputTimeoutS,
      is: 5400,
    },
    {
      name: 'a timeout in plain seconds',
      config: run('no_output_timeout: 1200'),
      see: (r) => firstStep(r).noOutputTimeoutS,
      is: 1200,
    },
    {
      name: '187 deploy is a run that says so',
      config: withSteps('- deploy: {command: x}'),
      see: (r) => [firstStep(r).kind, firstStep(r).deploy],
      is: ['run', true],
      gives: ['W923'],
    },
    {
      name: '188 a command named deploy',
      config: withSteps('- deploy', command('deploy', '[{run: mine}]')),
      see: commands,
      is: ['mine'],
    },
    {
      name: '189 a command around the built-in of its name',
      config: withSteps('- checkout', command('checkout', '[checkout, {run: x}]')),
      see: commands,
      is: ['checkout', 'x'],
    },
    {
      name: '190 an orb’s checkout',
      config:
        'version: 2.1\norbs: {o: {commands: {checkout: {steps: [{run: orb}]}}}}\njobs: {build: {docker: [{image: x}], steps: [checkout, o/checkout]}}',
      see: commands,
      is: ['checkout', 'orb'],
    },
    {
      name: '196 a condition inside a steps argument',
      config: withParameters(
        '{flag: {type: boolean}}',
        '{flag: true}',
        '- wrap: {s: [{when: {condition: << parameters.flag >>, steps: [{run: yes}]}}]}'.replace('yes', 'taken'),
        'commands: {wrap: {parameters: {s: {type: steps}, flag: {type: boolean, default: false}}, steps: [{steps: << parameters.s >>}]}}\n',
      ),
      see: commands,
      is: ['taken'],
    },
    {
      name: '197 no condition taken',
      config: withSteps('- when: {condition: false, steps: [checkout]}'),
      see: (r) => spec(r).steps,
      is: [],
    },
    {
      name: '198 a scalar path is a list of one',
      config: withSteps('- persist_to_workspace: {root: ., paths: dist}'),
      see: firstStep,
      is: { kind: 'persist_to_workspace', name: 'Persisting to Workspace', root: '.', paths: ['dist'] },
      gives: ['W926'],
    },
    {
      name: '200 add_ssh_keys',
      config: withSteps('- add_ssh_keys\n- add_ssh_keys: {fingerprints: [a]}'),
      see: (r) => spec(r).steps.map((step) => step.kind === 'add_ssh_keys' && step.fingerprints),
      is: [[], ['a']],
    },
    {
      name: '202 the name of a bare run',
      config: withSteps('- run: echo hi'),
      see: (r) => firstStep(r).name,
      is: 'echo hi',
    },
    {
      name: '202 a given name',
      config: withSteps('- run: {name: Hi, command: echo hi}'),
      see: (r) => firstStep(r).name,
      is: 'Hi',
    },
    {
      name: 'a single step instead of a list in a condition',
      config: withSteps('- when: {condition: true, steps: {run: a}}'),
      see: commands,
      is: ['a'],
    },
    {
      name: 'every other step',
      config: withSteps(
        '- save_cache: {key: k, paths: [a, b], when: on_fail}\n- store_artifacts: {path: p, destination: d}\n- store_test_results: {path: t}\n- attach_workspace: {at: w}\n- run: {command: c, shell: sh, working_directory: d, background: true}',
      ),
      see: (r) => spec(r).steps.map(({ origin, ...step }) => step),
      is: [
        { kind: 'save_cache', name: 'Saving Cache', when: 'on_fail', key: 'k', paths: ['a', 'b'] },
        { kind: 'store_artifacts', name: 'Uploading artifacts', path: 'p', destination: 'd' },
        { kind: 'store_test_results', name: 'Uploading test results', path: 't' },
        { kind: 'attach_workspace', name: 'Attaching Workspace', at: 'w' },
        { kind: 'run', name: 'c', command: 'c', shell: 'sh', environment: {}, background: true, workingDirectory: 'd' },
      ],
    },
    {
      name: '343 the origin of a step names every call above it',
      config: withSteps('- outer', 'commands:\n  outer: {steps: [inner]}\n  inner:\n    steps:\n      - run: x\n'),
      see: (r) => spec(r).steps[0]?.origin,
      is: [
        { file: 'config.yml', line: 11, column: 9, what: 'command outer' },
        { file: 'config.yml', line: 3, column: 19, what: 'command inner' },
        { file: 'config.yml', line: 6, column: 9 },
      ],
    },
  ])
})
