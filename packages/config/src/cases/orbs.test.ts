import { describe, expect, test } from 'vitest'
import type { OrbResolver } from '../compile-types.ts'
import { compileText } from '../testing/compile.ts'
import { B, commands, faultCases, names, spec, valueCases } from './harness.ts'

const sources: Record<string, string> = {
  'circleci/node@5':
    'version: 2.1\ncommands: {hello: {steps: [{run: hello}]}}\njobs: {test: {parameters: {v: {type: string, default: "1"}}, docker: [{image: "n:<< parameters.v >>"}], steps: [hello]}}',
  'circleci/node@5.2': 'version: 2.1\ncommands: {hello: {steps: [{run: newer}]}}',
  'acme/broken@1':
    'version: 2.1\ncommands: {a: {steps: [b]}, b: {steps: [c]}, c: {steps: [nope]}}\njobs: {j: {docker: [{image: x}], steps: [nope]}}',
  'acme/tool@dev:abc': 'version: 2.1\ncommands: {c: {steps: [{run: dev}]}}',
  'acme/old@1': 'version: 2.0\ncommands: {}',
  'acme/none@1': 'commands: {}',
  'acme/text@1': '- not an orb',
  'acme/enum@1':
    'version: 2.1\ncommands: {c: {parameters: {p: {type: string, default: a, enum: [a, b]}}, steps: [run: << parameters.p >>]}}',
  'acme/shape@1': 'version: 2.1\ncommands: {c: {stepz: []}}',
  'acme/loop@1': 'version: 2.1\norbs: {me: acme/loop@1}\ncommands: {c: {steps: [checkout]}}',
  'https://x.example/orbs/a.yml': 'version: 2.1\ncommands: {c: {steps: [{run: url}]}}',
  'https://x.example/orbs/bad.yml': 'version: 2.1\ncommands: {c: {steps: 5}}',
}

const resolver: OrbResolver = {
  resolve: async (reference) => {
    if (reference.startsWith('blocked/')) return { ok: false, code: 'C422', reason: 'uncertified orbs are not allowed' }
    if (reference.includes('/other/')) return { ok: false, code: 'C423', reason: 'no prefix fits' }
    const text = sources[reference] ?? deep(reference)
    if (text === undefined) return { ok: false, reason: 'no such orb' }
    return { ok: true, resolved: reference.replace('@5', '@5.2.0'), digest: `sha256:${reference.length}`, text }
  },
}

/** `https://x.example/deep/3` imports `…/2`, and so on. */
function deep(reference: string): string | undefined {
  const level = Number(/deep\/(\d+)$/.exec(reference)?.[1] ?? -1)
  if (level < 0) return undefined
  const body = level === 0 ? 'commands: {}' : `orbs: {next: "https://x.example/deep/${level - 1}"}`
  return `version: 2.1\n${body}`
}

const use = (orbs: string, steps = '[checkout]', extra = '') =>
  `version: 2.1\norbs: ${orbs}\n${extra}jobs: {build: {docker: [{image: x}], steps: ${steps}}}`

describe('orbs: faults', () => {
  faultCases([
    {
      name: '311 another label of a dev version',
      orbs: resolver,
      config: use('{n: acme/tool@dev:abcd}'),
      gives: ['C421'],
    },
    { name: '311 a wildcard label', orbs: resolver, config: use('{n: "acme/tool@dev:a*"}'), gives: ['C420'] },
    {
      name: '314 an orb blocked by policy',
      orbs: resolver,
      config: use('{n: blocked/orb@1.0.0}'),
      gives: ['C422 2:11'],
      says: ['Orb blocked/orb@1.0.0 not loaded', 'uncertified'],
    },
    {
      name: '315 a URL outside the allow-list',
      orbs: resolver,
      config: use('{n: "https://x.example/other/a.yml"}'),
      gives: ['C423 2:11'],
    },
    {
      name: '316 a URL orb with faults of its own',
      orbs: resolver,
      config: use('{n: "https://x.example/orbs/bad.yml"}'),
      gives: ['C202 2:23'],
      related: ['2:11'],
    },
    { name: 'an orb that is no map', orbs: resolver, config: use('{n: acme/text@1}'), gives: ['C102'] },
    { name: 'an orb without version', orbs: resolver, config: use('{n: acme/none@1}'), gives: ['C110'] },
    { name: 'an orb of version 2.0', orbs: resolver, config: use('{n: acme/old@1}'), gives: ['C110'] },
    ...[
      'circleci/node:5.2',
      'circleci/node',
      'node@5',
      'circleci/node@v5',
      'acme/tool@1.2.3-rc1',
      'http://x.example/a.yml',
    ].map((reference) => ({ name: `312, 315 ${reference}`, config: use(`{n: "${reference}"}`), gives: ['C420'] })),
    {
      name: '313 an unknown orb',
      orbs: resolver,
      config: use('{n: acme/nope@1}', '[n/hello]'),
      gives: ['C421'],
      says: [
        'Cannot find acme/nope@1 in the orb registry. Check that the namespace, orb name and version are correct.',
        'no such orb',
      ],
    },
    { name: 'no registry at all', config: use('{n: circleci/node@5}'), gives: ['C421'] },
    {
      name: '316 a URL that answers nothing',
      orbs: resolver,
      config: use('{n: "https://x.example/nope.yml"}'),
      gives: ['C424'],
    },
    {
      name: '317 51 URL orbs',
      orbs: resolver,
      config: use(`{${Array.from({ length: 51 }, (_, i) => `o${i}: "https://x.example/${i}/deep/0"`).join(', ')}}`),
      gives: ['C425'],
    },
    { name: '317 a chain six deep', orbs: resolver, config: use('{n: "https://x.example/deep/5"}'), gives: ['C426'] },
    {
      name: '318 a command of the config inside an orb',
      config: use('{o: {commands: {c: {steps: [mine]}}}}', '[o/c]', 'commands: {mine: {steps: [checkout]}}\n'),
      gives: ['C405'],
      stack: ['workflow workflow', 'job build', 'command o/c'],
    },
    {
      name: '319 an alias of the config inside an orb',
      config: use('{p: {commands: {d: {steps: [checkout]}}}, o: {commands: {c: {steps: [p/d]}}}}', '[o/c]'),
      gives: ['C401'],
    },
    {
      name: '321 two levels',
      config: use('{outer: {orbs: {inner: {commands: {cmd: {steps: [checkout]}}}}}}', '[outer/inner/cmd]'),
      gives: ['C401'],
    },
    { name: '322 workflows in an orb', config: use('{o: {workflows: {w: {jobs: [a]}}}}'), gives: ['C427'] },
    {
      name: '322 parameters in an orb',
      config: use('{o: {parameters: {p: {type: string, default: x}}}}'),
      gives: ['C427'],
    },
    {
      name: '323 an unknown alias',
      config: use('{}', '[foo/bar]'),
      gives: ['C401'],
      says: ["Cannot find orb 'foo' looking for foo/bar"],
    },
    { name: '325 a cycle of aliases', config: use('{o: {commands: {c: d, d: c}}}', '[o/c]'), gives: ['C428', 'C428'] },
    {
      name: '11.1 enum beside another type in a published orb: who uses it cannot change it',
      orbs: resolver,
      config: use('{o: acme/enum@1}', '[o/c]'),
      gives: ['W921'],
      says: ['`enum` ignored: the parameter is of type string'],
    },
    {
      name: 'a fault in the form of an orb',
      orbs: resolver,
      config: use('{o: acme/shape@1}'),
      gives: ['C201'],
    },
    {
      name: 'an unknown name in an orb',
      orbs: resolver,
      config: use('{n: circleci/node@5}', '[n/helo]'),
      gives: ['C405'],
      says: ['did you mean "hello"?'],
    },
    { name: 'an alias in capitals', orbs: resolver, config: use('{N: circleci/node@5}'), gives: ['C120'] },
  ])

  test('326 a fault three commands deep in an orb names the orb, the calls and the line of the config', async () => {
    const { diagnostics } = await compileText(use('{b: acme/broken@1}', '[b/a]'), { orbs: resolver })

    expect(diagnostics).toMatchObject([
      {
        code: 'C405',
        file: 'orb:acme/broken@1',
        path: '/commands/c/steps/0',
        range: { start: { line: 2, column: 58 } },
        stack: [
          { kind: 'workflow', name: 'workflow' },
          { kind: 'job', name: 'build' },
          { kind: 'command', name: 'b/a', file: 'config.yml' },
          { kind: 'command', name: 'b', file: 'orb:acme/broken@1' },
          { kind: 'command', name: 'c', file: 'orb:acme/broken@1' },
        ],
        related: [{ message: 'called here', file: 'config.yml', range: { start: { line: 3, column: 46 } } }],
      },
    ])
  })

  faultCases([
    {
      name: '326 a fault in an orb job leads to the entry',
      orbs: resolver,
      config: 'version: 2.1\norbs: {b: acme/broken@1}\nworkflows:\n  w:\n    jobs:\n      - b/j\n',
      gives: ['C405'],
      stack: ['workflow w', 'job b/j'],
      related: ['6:9'],
    },
  ])
})

describe('orbs: values', () => {
  valueCases([
    {
      name: '309, 310 the reference is asked for as written; what it resolved to is kept',
      orbs: {
        resolve: async (reference) => {
          const resolved: Record<string, string> = { '1': '1.2.5', '1.2': '1.2.5', '1.1.0': '1.1.0', volatile: '2.0.0' }
          const version = resolved[reference.split('@')[1] ?? '']
          return {
            ok: true,
            resolved: `acme/tool@${version}`,
            digest: `d${version}`,
            text: 'version: 2.1\ncommands: {}',
          }
        },
      },
      config: use('{a: acme/tool@1, b: acme/tool@1.2, c: acme/tool@1.1.0, d: acme/tool@volatile}'),
      see: (r) => r.orbLock.map((one) => `${one.alias}: ${one.requested} ${one.resolved} ${one.digest}`),
      is: [
        'a: acme/tool@1 acme/tool@1.2.5 d1.2.5',
        'b: acme/tool@1.2 acme/tool@1.2.5 d1.2.5',
        'c: acme/tool@1.1.0 acme/tool@1.1.0 d1.1.0',
        'd: acme/tool@volatile acme/tool@2.0.0 d2.0.0',
      ],
    },
    {
      name: '311 a dev version',
      orbs: resolver,
      config: use('{n: acme/tool@dev:abc}', '[n/c]'),
      see: commands,
      is: ['dev'],
    },
    {
      name: '78 a version by pipeline parameter',
      orbs: resolver,
      args: { v: '5.2' },
      config: use(
        '{n: circleci/node@<< pipeline.parameters.v >>}',
        '[n/hello]',
        'parameters: {v: {type: string, default: "5"}}\n',
      ),
      see: commands,
      is: ['newer'],
    },
    {
      name: '315 a URL orb',
      orbs: resolver,
      config: use('{n: "https://x.example/orbs/a.yml"}', '[n/c]'),
      see: commands,
      is: ['url'],
    },
    {
      name: '319 an alias of the orb itself',
      config: use('{o: {orbs: {p: {commands: {d: {steps: [{run: inner}]}}}}, commands: {c: {steps: [p/d]}}}}', '[o/c]'),
      see: commands,
      is: ['inner'],
    },
    {
      name: '320 metadata',
      config: use(
        '{o: {version: 2.1, name: n, description: d, display: {home_url: u}, commands: {c: {steps: [checkout]}}}}',
        '[o/c]',
      ),
      see: commands,
      is: ['checkout'],
    },
    {
      name: '324 the name of an orb’s job',
      orbs: resolver,
      config:
        'version: 2.1\norbs: {node: circleci/node@5}\nworkflows: {w: {jobs: [node/test, {node/test: {name: t, v: "2"}}]}}',
      see: (r) => [names(r), spec(r, 't').executor],
      is: [['node/test', 't'], { type: 'docker', images: [{ image: 'n:2', environment: {} }] }],
    },
    {
      name: '325 a job alias',
      config: `version: 2.1\norbs: {x: {jobs: {b: ${B}}}}\njobs: {a: x/b}\nworkflows: {w: {jobs: [a]}}`,
      see: names,
      is: ['a'],
    },
    { name: '327 orbs null', config: `version: 2.1\norbs:\njobs: {build: ${B}}`, see: names, is: ['build'] },
    {
      name: '328 an unused orb is in the lock',
      orbs: resolver,
      config: use('{n: circleci/node@5}'),
      see: (r) => r.orbLock,
      is: [{ alias: 'n', requested: 'circleci/node@5', resolved: 'circleci/node@5.2.0', digest: 'sha256:15' }],
    },
    {
      name: '329 the compiled config names the versions',
      orbs: resolver,
      config: use('{u: "https://x.example/orbs/a.yml", n: circleci/node@5, t: acme/tool@dev:abc}'),
      see: (r) => r.compiled?.split('\n').slice(0, 3),
      is: [
        "# Orb 'circleci/node@5' resolved to 'circleci/node@5.2.0'",
        "# Orb 'acme/tool@dev:abc' resolved to 'acme/tool@dev:abc'",
        'version: 2',
      ],
    },
    {
      name: 'an orb that imports itself',
      orbs: resolver,
      config: use('{l: acme/loop@1}', '[l/c]'),
      see: commands,
      is: ['checkout'],
    },
  ])
})

describe('what is kept of an orb from one compile to the next', () => {
  const orb = (body: string, imported?: string): OrbResolver => ({
    resolve: async (reference) => {
      const text = reference === 'kept/tool@1' ? `version: 2.1\n${body}` : imported
      return text === undefined
        ? { ok: false, reason: 'gone' }
        : { ok: true, resolved: reference, digest: `of ${text}`, text }
    },
  })
  const config = `version: 2.1\norbs: {o: kept/tool@1}\njobs: {build: ${B}}`
  const codes = async (...given: Parameters<typeof compileText>) =>
    (await compileText(...given)).diagnostics.map(({ code }) => code)

  test('its warnings are told in each compile', async () => {
    const orbs = orb('unknown: 1\ncommands: {c: {steps: [checkout]}}')
    expect(await codes(config, { orbs })).toEqual(['W921'])
    expect(await codes(config, { orbs })).toEqual(['W921'])
  })

  test('a default that depends on the pipeline is checked in each', async () => {
    const orbs = orb(
      'commands: {c: {parameters: {n: {type: integer, default: << pipeline.number >>}}, steps: [checkout]}}',
    )
    expect(await codes(config, { orbs, values: { 'pipeline.number': 1 } })).toEqual([])
    expect(await codes(config, { orbs, values: { 'pipeline.number': 'one' } })).toEqual(['C352'])
  })

  test('what it imports is resolved in each', async () => {
    const importing = 'orbs: {inner: kept/inner@1}\ncommands: {c: {steps: [inner/d]}}'
    const found = orb(importing, 'version: 2.1\ncommands: {d: {steps: [checkout]}}')
    expect(await codes(config, { orbs: found })).toEqual([])
    expect(await codes(config, { orbs: orb(importing) })).toEqual(['C421'])
  })

  test('another text under the same reference is another orb', async () => {
    const uses = `version: 2.1\norbs: {o: kept/tool@1}\njobs: {build: {docker: [{image: i}], steps: [o/c]}}`
    const first = await compileText(uses, { orbs: orb('commands: {c: {steps: [{run: first}]}}') })
    const second = await compileText(uses, { orbs: orb('commands: {c: {steps: [{run: second}]}}') })
    expect([commands(first), commands(second)]).toEqual([['first'], ['second']])
  })

  test('one that was checked under looser options is checked again', async () => {
    const orbs = orb('commands: {c: {steps: [checkout], extra: 1}}')
    const loose = { orbs, options: { unknownKeys: 'warn' as const } }
    expect(await codes(config, loose)).toEqual(['W921'])
    expect(await codes(config, { orbs })).toEqual(['C201'])
  })
})
