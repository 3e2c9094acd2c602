import fc from 'fast-check'

/** Texts that a writer of YAML or a reader of templates could trip over. */
const text = fc.oneof(
  fc.constantFrom(
    'a',
    'yes',
    '0x1f',
    '1.50',
    '~',
    'null',
    ' b ',
    '# c',
    'd: e',
    '- f',
    "g'",
    'h"',
    '\\<< i',
    '{{ j }}',
  ),
  fc.constantFrom(
    'k\nl\n',
    '\n\nm',
    'n\n\n\n',
    '\tо',
    '🙂',
    '*p',
    '&q',
    '!r',
    '%s',
    '@t',
    '`u`',
    '|',
    '>',
    '?',
    '[v',
    '}',
  ),
  fc.constantFrom('<< parameters.s >>', 'w << parameters.i >>', '<< parameters.i >>', '<< pipeline.number >>'),
  fc.constantFrom('<< pipeline.parameters.p >>', '<< pipeline.git.tag >>', '<< parameters.b >>'),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => value.replaceAll('<<', '\\<<')),
)
const scalar = fc.oneof(text, fc.boolean(), fc.integer(), fc.constant(null), fc.constantFrom(1.5, 1e21, -0.25))
const integer = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant('<< parameters.i >>'))
const boolean = fc.oneof(fc.boolean(), fc.constant('<< parameters.b >>'))
const environment = fc.dictionary(fc.constantFrom('A', 'B', 'C', 'odd name', '<<'), scalar, { maxKeys: 3 })

const partly = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { requiredKeys: [] })

const place = fc.oneof(
  partly({ name: text, user: text, entrypoint: text, command: fc.array(text, { maxLength: 2 }), environment }).map(
    (keys) => ({ docker: [{ image: 'i', ...keys }] }),
  ),
  fc.constantFrom(
    {
      docker: [
        { image: '<< parameters.i >>' },
        { image: 'db', auth: { username: '$U', password: '<< parameters.s >>' } },
      ],
    },
    { machine: true, resource_class: 'acme/linux' },
    { machine: 'ubuntu' },
    { machine: { image: 'u', docker_layer_caching: '<< parameters.b >>', resource_class: 'large', enabled: true } },
    { macos: { xcode: 15, shell: '/bin/zsh' } },
    { executor: 'e' },
    { executor: { name: 'e', image: 'x' }, docker: [{ image: 'own' }] },
    { executor: 'm', resource_class: 'medium' },
  ),
)

const leaf = fc.oneof(
  fc.constantFrom(
    'checkout',
    'setup_remote_docker',
    'add_ssh_keys',
    { c: { s: 'x' } },
    { steps: '<< parameters.t >>' },
  ),
  fc.constantFrom(
    { 'o/d': {} },
    { checkout: { method: 'shallow', depth: 1 } },
    { setup_remote_docker: { version: '' } },
  ),
  text.filter((value) => value !== '').map((command) => ({ run: `${command};` })),
  partly({
    name: text,
    shell: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 2 })),
    environment,
    background: fc.constantFrom(false, true),
    working_directory: text,
    no_output_timeout: fc.constantFrom('1.5h', '20m', 90),
    when: fc.constantFrom('always', 'on_fail', 'on_success'),
  }).map((keys) => ({ run: { command: 'x', ...keys } })),
  partly({ name: text, when: fc.constantFrom('always', 'on_fail') }).map((keys) => ({
    save_cache: { key: 'k-{{ .Branch }}-<< parameters.s >>', paths: ['a', '<< parameters.i >>'], ...keys },
  })),
  fc.constantFrom(
    { restore_cache: { key: 'a', keys: ['b', 'c'] } },
    { persist_to_workspace: { root: '.', paths: 'dist' } },
    { attach_workspace: { at: '<< parameters.s >>' } },
    { store_artifacts: { path: 'p', destination: '<< parameters.i >>' } },
    { store_test_results: { path: 'r' } },
    { run: { command: 'x', max_auto_reruns: 2, auto_rerun_delay: '30s' } },
    { deploy: 'x' },
  ),
)
const condition = fc.constantFrom<unknown>(true, '<< parameters.b >>', { equal: ['main', '<< pipeline.git.branch >>'] })
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc.record({ condition, steps: fc.array(leaf, { maxLength: 2 }) }).map((when) => ({ when })),
    },
  ),
  { minLength: 1, maxLength: 4 },
)

const parameters = {
  s: { type: 'string', default: 'text' },
  i: { type: 'integer', default: 7 },
  b: { type: 'boolean', default: true },
  t: { type: 'steps', default: [{ run: 'default' }] },
}
const job = fc
  .tuple(
    place,
    steps,
    partly({
      parallelism: integer,
      environment,
      shell: text,
      working_directory: text,
      circleci_ip_ranges: boolean,
      retention: fc.constant({ caches: '3d' }),
    }),
  )
  .map(([where, list, keys]) => ({ parameters, ...where, ...keys, steps: list }))

const filters = fc.constantFrom<unknown>(
  { branches: { only: ['main', '/dev-.*/'] }, tags: { ignore: '/v.*/' } },
  { branches: { ignore: '<< pipeline.number >>' } },
  { tags: {} },
  'pipeline.git.branch == "main"',
  'pipeline.parameters.p == "va\\"lue" and not (pipeline.parameters.n < 3)',
  '<< pipeline.parameters.f >>',
)
const preSteps = fc.constantFrom<unknown[]>(
  ['checkout'],
  [{ run: 'pre << pipeline.number >>' }],
  [{ c: { s: '\\<<' } }],
)
const entryKeys = fc.record(
  {
    name: fc.constantFrom('one', 'two words', '<< pipeline.number >>', 'a-1', 'one/serial-group-start'),
    filters,
    context: fc.constantFrom<unknown>('c', ['c', 'd'], '<< pipeline.git.tag >>'),
    'serial-group': fc.constantFrom('k', '<< pipeline.git.branch or "x" >>/k'),
    'pre-steps': preSteps,
    requires: fc.constantFrom<unknown[]>(
      ['a'],
      ['b', { a: 'failed' }],
      [{ b: ['success', 'canceled'] }],
      [{ a: 'terminal' }],
    ),
    matrix: fc.constantFrom<unknown>(
      { parameters: { s: ['1', 'b'] }, alias: 'all' },
      { parameters: { s: ['1', 'b'], i: [1, 2] }, exclude: [{ s: '1', i: 2 }], alias: 'more' },
    ),
  },
  { requiredKeys: ['name'] },
)
const extra = fc.oneof(
  fc.constantFrom<unknown>('o/j', 'pause', 'lock', { hold: { type: 'approval', requires: ['b'] } }),
  fc.constantFrom<unknown>({ G: { requires: ['a'] } }, { G: { name: 'g', 'serial-group': 'q' } }),
  fc.tuple(fc.constantFrom('a', 'b'), entryKeys).map(([name, keys]) => ({ [name]: keys })),
)
const extras = fc.uniqueArray(extra, {
  maxLength: 5,
  // A group may be invoked twice only under two names.
  selector: (one) => (JSON.stringify(one).startsWith('{"G"') ? 'G' : JSON.stringify(one)),
})
const workflow = fc
  .tuple(
    extras,
    partly({
      when: fc.constantFrom<unknown>('pipeline.git.branch', { not: false }, '<< pipeline.parameters.f >>'),
      max_auto_reruns: fc.constantFrom(1, 5),
      triggers: fc.constant([
        { schedule: { cron: '5 4 * * 1', filters: { branches: { only: '<< pipeline.git.branch >>' } } } },
      ]),
    }),
  )
  .map(([more, keys]) => ({ jobs: ['a', 'b', ...more], ...keys }))

/** Configs as flow-style text, most of which compile; they use every construct that the compiled form has to keep. */
export const configs: fc.Arbitrary<string> = fc
  .record({ a: job, b: job, one: workflow, two: fc.option(workflow, { nil: undefined }) })
  .map(({ a, b, one, two }) =>
    JSON.stringify({
      version: 2.1,
      parameters: {
        p: { type: 'string', default: 'va"lue' },
        n: { type: 'integer', default: 4 },
        f: { type: 'boolean', default: true },
      },
      orbs: {
        o: {
          commands: { d: { steps: ['checkout'] } },
          jobs: { j: { docker: [{ image: 'o' }], steps: ['d', { run: 'n << pipeline.number >>' }] } },
        },
      },
      executors: {
        e: {
          parameters: { image: { type: 'string', default: 'e' } },
          docker: [{ image: '<< parameters.image >>' }],
          environment: { A: 'e', Z: 1 },
          shell: 'sh',
        },
        m: { machine: { image: 'u', resource_class: 'large' }, working_directory: '~/m' },
      },
      commands: { c: { parameters: { s: { type: 'string' } }, steps: [{ run: 'echo << parameters.s >>' }] } },
      'job-groups': { G: { jobs: ['d', { pause: { requires: ['d'] } }] } },
      jobs: {
        a,
        b,
        d: { docker: [{ image: 'd' }], steps: ['checkout'] },
        pause: { type: 'no-op' },
        lock: { type: 'lock', key: 'k' },
      },
      workflows: { one, ...(two && { two }) },
    }),
  )
