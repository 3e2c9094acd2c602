import { describe, expect, test } from 'vitest'
import type { OrbResolver } from '../compile-types.ts'
import { Collector } from '../report/collector.ts'
import { compileText } from '../testing/compile.ts'
import { essence, withoutComments } from '../testing/essence.ts'
import { firstPair, get, items, pairs } from '../yaml/nodes.ts'
import { parseYaml } from '../yaml/parse.ts'
import { SourceText } from '../yaml/source.ts'
import { B, faultCases, withSteps } from './harness.ts'

const rich = `version: 2.1
parameters: {deploy: {type: boolean, default: true}}
executors:
  node: {docker: [{image: "cimg/node:lts", environment: {F: 1.50, B: true, N: null}}], environment: {A: "yes", Z: "1"}}
commands:
  greet:
    parameters: {who: {type: string}}
    steps:
      - run: {name: "Greet << parameters.who >>", command: "cat \\\\<<EOF\\nhi\\nEOF\\n", environment: {T: 12:30}}
      - run: |
          if true; then
            echo "trailing " # comment
          fi
jobs:
  build:
    parameters: {v: {type: string}}
    executor: node
    parallelism: 2
    steps:
      - checkout
      - greet: {who: << parameters.v >>}
      - when: {condition: << pipeline.parameters.deploy >>, steps: [{store_artifacts: {path: out}}]}
      - run: " leading: blank"
      - run: "tab\\there\\u2028\\u0007"
      - run: "a: b"
      - run: "# no comment"
      - run: "\\n\\nlines\\n\\n"
  pause: {type: no-op}
workflows:
  main:
    jobs:
      - build: {matrix: {parameters: {v: ["1", b]}}, context: [c, d], filters: {branches: {only: main}}}
      - pause: {requires: [{build: [success, failed]}]}
      - hold: {type: approval, requires: [pause], filters: pipeline.git.branch == "main"}
      - build: {v: last, name: "last one", requires: [hold], serial-group: k}
`

describe('outputs', () => {
  test('341 compiling the compiled config gives the same plan', async () => {
    const first = await compileText(rich)
    const second = await compileText(first.compiled ?? '')

    expect(first.diagnostics).toEqual([])
    expect(second.diagnostics).toEqual([])
    expect(essence(second.plan)).toEqual(essence(first.plan))
    expect(JSON.stringify(essence(first.plan))).toContain('cat <<EOF')
  })

  test.each([
    [
      'lock jobs of one name in two workflows',
      'workflows: {v: {jobs: [build: {serial-group: k}]}, w: {jobs: [build: {serial-group: l}]}}',
    ],
    [
      'an expression over pipeline parameters',
      'workflows: {w: {jobs: [build: {filters: pipeline.parameters.s != "a" and pipeline.parameters.n < 0}]}}',
    ],
    ['a template as a filter', 'workflows: {w: {jobs: [build: {filters: << pipeline.parameters.b >>}]}}'],
    ['no step left', 'workflows: {w: {jobs: [empty]}}'],
    [
      'a schedule by template',
      'workflows: {w: {triggers: [schedule: {cron: "0 0 * * *", filters: {branches: {only: << pipeline.git.branch >>}}}], jobs: [build]}}',
    ],
    ['integers where texts belong', 'workflows: {w: {jobs: [typed]}}'],
    ['no workflow left', 'workflows: {w: {when: false, jobs: [build]}}'],
  ])('341 %s survives a second compile', async (_, workflows) => {
    const first = await compileText(`version: 2.1
parameters: {s: {type: string, default: 'say "x" \\'}, n: {type: integer, default: -1}, b: {type: boolean, default: false}}
jobs:
  build: ${B}
  empty: {docker: [{image: x}], steps: [{when: {condition: false, steps: [checkout]}}]}
  typed: {docker: [{image: << pipeline.number >>, user: << pipeline.number >>}], working_directory: << pipeline.number >>, steps: [checkout]}
${workflows}
`)
    const second = await compileText(first.compiled ?? '')

    expect([...first.diagnostics, ...second.diagnostics]).toEqual([])
    expect(essence(second.plan)).toEqual(essence(first.plan))
    expect(withoutComments(second.compiled)).toBe(withoutComments(first.compiled))
  })

  test('341 job-level branches of a version 2 config survive a second compile', async () => {
    const config = 'version: 2\njobs: {build: {docker: [{image: x}], steps: [checkout], branches: {only: dev}}}\n'
    const first = await compileText(config)
    const second = await compileText(first.compiled ?? '')

    expect(first.plan?.outcome).toBe('noWorkflows')
    expect(essence(second.plan)).toEqual(essence(first.plan))
  })

  test('80 the same input gives the same bytes', async () => {
    const orbs: OrbResolver = {
      resolve: async (reference) => ({
        ok: true,
        resolved: reference,
        digest: 'd',
        text: 'version: 2.1\ncommands: {}',
      }),
    }
    const config = rich.replace('\n', '\norbs: {b: acme/bb@1, a: acme/aa@1.2.3}\n')
    const [first, second] = [await compileText(config, { orbs }), await compileText(config, { orbs })]

    expect(first.orbLock.map(({ alias }) => alias)).toEqual(['b', 'a'])
    expect(second).toEqual(first)
    expect(second.compiled).toBe(first.compiled)
  })

  test('342 an expression filter is kept in the compiled config and applied in the plan', async () => {
    const config = `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: {jobs: [{build: {filters: pipeline.git.branch == "dev"}}]}}`
    const { compiled, plan } = await compileText(config)

    expect(compiled).toContain('filters: pipeline.git.branch == "dev"')
    expect(plan?.workflows).toEqual([])
  })

  test('the compiled config as text', async () => {
    const config = withSteps('- checkout\n- run: {name: n, command: "a\\nb\\n"}', '# note\n')
    const { compiled } = await compileText(config)

    expect(compiled).toBe(
      `version: 2
jobs:
  build:
    docker:
      - image: cimg/base:current
    steps:
      - checkout
      - run:
          command: |
            a
            b
          name: n
workflows:
  version: 2
  workflow:
    jobs:
      - build

# Original config:
${config
  .split('\n')
  .map((line) => `# ${line}`.trimEnd())
  .join('\n')}
`,
    )
  })

  test.each([
    ['an image', 'docker: [{image: << pipeline.git.tag >>, user: << pipeline.git.tag >>}]'],
    ['a version of Xcode', 'macos: {xcode: << pipeline.git.tag >>}'],
  ])('a null that a template gave for %s is the empty text in the compiled config too (6.3)', async (_, place) => {
    const first = await compileText(`version: 2.1\njobs: {build: {${place}, steps: [checkout]}}`)
    const second = await compileText(first.compiled ?? '')

    expect(second.diagnostics).toEqual([])
    expect(withoutComments(second.compiled)).toBe(withoutComments(first.compiled))
    expect(essence(second.plan)).toEqual(essence(first.plan))
  })

  test('the keys of every compiled step are in alphabetical order (22.1)', async () => {
    const when = 'when: always, name: n'
    const run = 'working_directory: d, shell: sh, no_output_timeout: 1m, environment: {A: a}, command: c'
    const { compiled = '', diagnostics } = await compileText(
      withSteps(
        `- run: {${when}, ${run}, max_auto_reruns: 1, auto_rerun_delay: 1m}
- run: {${when}, command: c, background: true}
- checkout: {${when}, path: p, method: shallow, depth: 1}
- save_cache: {${when}, paths: [p], key: k}
- restore_cache: {${when}, keys: [l], key: k}
- store_artifacts: {${when}, path: p, destination: d}
- store_test_results: {${when}, path: p}
- persist_to_workspace: {${when}, root: r, paths: [p]}
- attach_workspace: {${when}, at: a}
- add_ssh_keys: {${when}, fingerprints: [f]}
- setup_remote_docker: {${when}, version: default, prefer_same_region: true, docker_layer_caching: true}`,
      ),
    )
    const root = parseYaml(new SourceText('compiled', compiled), new Collector())
    const steps = items(get(get(get(root, 'jobs'), 'build'), 'steps'))
    const keys = steps.map((step) => pairs(firstPair(step)?.[1].value).map(([key]) => key))

    expect(diagnostics).toEqual([])
    expect(keys).toHaveLength(11)
    expect(keys).toEqual(keys.map((one) => one.toSorted()))
    expect(Math.min(...keys.map((one) => one.length))).toBeGreaterThanOrEqual(3)
  })

  test('the original config below: each line a comment, whatever breaks it, without blanks at its end', async () => {
    const config = `version: 2.1\t\r\n\r\n# one\u2028two\u0085three \u00a0\n  \njobs: {build: ${B}} \n`
    const { compiled } = await compileText(config)

    expect(compiled?.slice(compiled.indexOf('\n# Original')).split('\n')).toEqual([
      '',
      '# Original config:',
      '# version: 2.1',
      '#',
      '# # one',
      '# two',
      '# three',
      '#',
      `# jobs: {build: ${B}}`,
      '#',
      '',
    ])
  })

  test('344 more than 200 diagnostics', async () => {
    const steps = Array.from({ length: 250 }, () => '- 5').join('\n')
    const { diagnostics } = await compileText(withSteps(steps))

    expect(diagnostics).toHaveLength(200)
    expect(diagnostics.at(-1)?.hint).toContain('50 more')
  })

  test('339 the limit of a compiled config is 8 MB without its comments', async () => {
    const limit = 8 * 1024 * 1024
    const text = (last: number) =>
      `version: 2.1\nx: &x "${'x'.repeat(limit / 2 - 500)}"\njobs:\n  build:\n    docker: [{image: i}]\n    steps:\n      - run: *x\n      - run: *x\n      - run: "${'x'.repeat(last)}"\n`
    const size = (await compileText(text(1))).compiled?.indexOf('\n# Original config') ?? 0
    const [fits, tooLarge] = [await compileText(text(limit - size + 1)), await compileText(text(limit - size + 2))]

    expect(fits.compiled?.indexOf('\n# Original config')).toBe(limit)
    expect(tooLarge.diagnostics.map(({ code }) => code)).toEqual(['C601'])
  })

  const doubling = (levels: number, body: string, call: (name: string) => string) =>
    Array.from(
      { length: levels },
      (_, i) => `  c${i}: {steps: [${call(i === levels - 1 ? 'last' : `c${i + 1}`)}]}\n`,
    ).join('') + `  last: {steps: [${body}]}\n`

  faultCases([
    {
      name: '339 a compiled config over 8 MB',
      config: withSteps(
        '- c0',
        `commands:\n${doubling(14, `{run: ${'x'.repeat(600)}}`, (name) => `${name}, ${name}`)}`,
      ),
      gives: ['C601'],
    },
    {
      name: 'commands that double a hundred times',
      config: withSteps('- c0', `commands:\n${doubling(90, '{run: x}', (name) => `${name}, ${name}`)}`),
      gives: ['C601'],
    },
    {
      name: 'text that doubles a hundred times',
      config: withSteps(
        '- c0: {t: xxxxxxxx}',
        `commands:\n${Array.from({ length: 60 }, (_, i) => `  c${i}: {parameters: {t: {type: string}}, steps: [{${i === 59 ? 'run: << parameters.t >>' : `c${i + 1}: {t: "<< parameters.t >><< parameters.t >>"}`}}]}\n`).join('')}`,
      ),
      gives: ['C601'],
    },
  ])
})
