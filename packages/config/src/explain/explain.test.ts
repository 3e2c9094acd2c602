import { describe, expect, it, test } from 'vitest'
import { defaultCompileOptions, noOrbs } from '../compile.ts'
import type { CompileInput } from '../compile-types.ts'
import { onBranch, onTag } from '../testing/compile.ts'
import { corpusConfigs, corpusOrbs, hasCorpus } from '../testing/corpus.ts'
import type { ConditionPart } from './condition.ts'
import { inspect } from './inspect.ts'
import type { ExplainedValue, Source } from './values.ts'

const config = `version: 2.1
parameters: {deploy: {type: boolean, default: false}}
defaults: &d
  resource_class: large
executors:
  main:
    parameters: {tag: {type: string, default: "1.0"}}
    docker: [{image: "cimg/base:<< parameters.tag >>"}]
    environment: {A: "x<< parameters.tag >>", B: base}
commands:
  greet:
    parameters: {to: {type: string}, how: {type: string, default: hi}}
    steps:
      - run: {name: "Greet << parameters.to >>", command: "<< parameters.how >>, << parameters.to >>"}
  outer:
    parameters: {who: {type: string}}
    steps:
      - greet: {to: "Mr << parameters.who >>"}
jobs:
  build:
    <<: *d
    parameters: {v: {type: string}}
    executor: {name: main, tag: << parameters.v >>}
    environment: {B: job}
    steps: [checkout, {outer: {who: << parameters.v >>}}]
  deploy: {docker: [{image: i}], steps: [{run: deploy}]}
workflows:
  ci:
    jobs:
      - build: {matrix: {parameters: {v: [a, b]}}}
      - deploy: {requires: [build], filters: {branches: {only: [main, /release.*/]}}}
      - deploy: {name: after, requires: [deploy]}
  nightly:
    when: {and: [<< pipeline.parameters.deploy >>, {equal: [main, << pipeline.git.branch >>]}]}
    jobs: [deploy]
  tagged:
    when: pipeline.git.tag starts-with "v" and not (pipeline.git.branch == "x")
    jobs: [{deploy: {name: d2, filters: pipeline.git.branch == "main"}}]
`

const inspected = (text: string, pipelineValues: CompileInput['pipelineValues'], orbResolver = noOrbs) =>
  inspect({
    source: { text, file: 'c.yml' },
    pipelineValues,
    pipelineArgs: {},
    phase: 'initial',
    orbResolver,
    options: defaultCompileOptions,
  })

/** `path = value @line <- name@line <- …` */
function short({ path, value, place, from, via }: ExplainedValue): string {
  const chain = (sources: Source[]): string =>
    sources.map((one) => ` <- ${one.name}=${one.value}@${one.place.line}${chain(one.from)}`).join('')
  return `${path} = ${value} @${place.line}${via ? ` (${via.what} ${via.line})` : ''}${chain(from)}`
}

describe('explain: where everything came from', () => {
  it('through executors, anchors, matrix, commands and parameters', async () => {
    const [job] = (await inspected(config, onBranch('main'))).explain('build-a')

    expect(job).toMatchObject({
      workflow: 'ci',
      definition: 'build',
      matrix: { v: 'a' },
      place: { line: 30, column: 9 },
    })
    expect(job?.values.map(short)).toEqual([
      'executor/name = main @23',
      'executor/tag = a @23 <- parameters.v=a@30',
      'docker/0/image = cimg/base:a @8 <- parameters.tag=a@23 <- parameters.v=a@30',
      'resource_class = large @4 (merge 21)',
      'environment/A = xa @9 <- parameters.tag=a@23 <- parameters.v=a@30',
      'environment/B = job @24',
    ])
    expect(
      job?.steps.map(({ number, kind, name, origin }) => [number, kind, name, origin.map((one) => one.line)]),
    ).toEqual([
      [1, 'checkout', 'Checkout code', [25]],
      [2, 'run', 'Greet Mr a', [25, 18, 14]],
    ])
    expect(job?.steps[1]?.values.map(short)).toEqual([
      'name = Greet Mr a @14 <- parameters.to=Mr a@18 <- parameters.who=a@25 <- parameters.v=a@30',
      'command = hi, Mr a @14 <- parameters.how=hi@12 <- parameters.to=Mr a@18 <- parameters.who=a@25 <- parameters.v=a@30',
    ])
  })

  it('into orbs, whose places are in the orb', async () => {
    const text = 'version: 2.1\norbs: {o: acme/orb@1}\njobs: {build: {docker: [{image: i}], steps: [o/say: {w: x}]}}'
    const orb =
      'version: 2.1\ncommands:\n  say:\n    parameters: {w: {type: string}}\n    steps: [{run: "say << parameters.w >>"}]'
    const orbs = { resolve: async () => ({ ok: true as const, resolved: 'acme/orb@1.0.0', digest: 'd', text: orb }) }
    const [job] = (await inspected(text, onBranch('main'), orbs)).explain('build')
    expect(job?.steps[0]).toMatchObject({
      origin: [
        { file: 'c.yml', line: 3, what: 'command o/say' },
        { file: 'orb:acme/orb@1.0.0', line: 5 },
      ],
      values: [
        {
          path: 'command',
          value: 'say x',
          place: { file: 'orb:acme/orb@1.0.0', line: 5 },
          from: [{ name: 'parameters.w', place: { file: 'c.yml', line: 3 } }],
        },
      ],
    })
  })

  it.skipIf(!hasCorpus)(
    'every value of every real config has a place in a text that was given',
    async () => {
      let values = 0
      for (const { file, text } of corpusConfigs().slice(0, 40)) {
        const inspection = await inspected(text, onBranch('main'), corpusOrbs())
        if (!inspection.result.ok) continue
        const planned = inspection.result.plan?.workflows.flatMap((one) => one.jobs) ?? []
        for (const name of new Set(planned.filter((one) => one.type === 'build').map((one) => one.name))) {
          const [job] = inspection.explain(name)
          for (const value of [...(job?.values ?? []), ...(job?.steps ?? []).flatMap((step) => step.values)]) {
            values++
            expect([value.place.file === '', value.place.line > 0, value.path === ''], `${file} ${name}`).toEqual([
              false,
              true,
              false,
            ])
          }
          expect(job?.steps.every((step) => step.kind === 'install_signing_bundle' || step.origin.length > 0)).toBe(
            true,
          )
        }
      }
      expect(values).toBeGreaterThan(1000)
    },
    60_000,
  )
})

/** `✓ text [variables] (parts)` */
function condition({ text, value, variables, parts }: ConditionPart): string {
  const known = Object.entries(variables).map(([name, one]) => `${name}=${one}`)
  const inner = parts.length > 0 ? ` (${parts.map(condition).join('; ')})` : ''
  return `${value ? '✓' : '✗'} ${text}${known.length > 0 ? ` [${known.join(', ')}]` : ''}${inner}`
}

describe('why: whether a job runs', () => {
  test.each([
    [
      'deploy',
      onBranch('main'),
      ['ci: runs: it starts after build-a (success), build-b (success)', 'nightly: no: its workflow does not run'],
    ],
    ['deploy', onBranch('dev'), ['ci: no: its filters do not pass', 'nightly: no: its workflow does not run']],
    ['after', onBranch('dev'), ['ci: no: every job that it requires is left out']],
    ['build', onBranch('dev'), ['ci: runs: it starts at once', 'ci: runs: it starts at once']],
    ['build-b', onTag('v1'), ['ci: no: a tag needs a tag filter']],
    ['d2', onTag('v1'), ['tagged: no: its filters do not pass']],
    ['d2', onBranch('main'), ['tagged: no: its workflow does not run']],
    ['nope', onBranch('main'), []],
  ] as const)('%s', async (job, values, expected) => {
    const verdicts = (await inspected(config, values)).why(job)
    const lines = verdicts.flatMap(({ workflow, jobs }) =>
      jobs.map(({ runs, reason }) => `${workflow}: ${runs ? 'runs' : 'no'}: ${reason}`),
    )
    expect(lines).toEqual(expected)
  })

  it('says of each part of a condition whether it holds, and of what values', async () => {
    const on = async (values: CompileInput['pipelineValues'], job: string) => {
      const verdicts = (await inspected(config, values)).why(job)
      return verdicts.flatMap((one) => (one.condition ? [`${one.condition.word} ${condition(one.condition)}`] : []))
    }
    expect(await on(onBranch('main'), 'deploy')).toEqual([
      'when ✗ and (✗ << pipeline.parameters.deploy >> [<< pipeline.parameters.deploy >>=false]; ✓ equal: main, << pipeline.git.branch >> [<< pipeline.git.branch >>=main])',
    ])
    expect(await on(onTag('v1'), 'd2')).toEqual([
      'when ✓ pipeline.git.tag starts-with "v" and not (pipeline.git.branch == "x") (✓ pipeline.git.tag starts-with "v" [pipeline.git.tag="v1"]; ✓ not (pipeline.git.branch == "x") (✗ pipeline.git.branch == "x" [pipeline.git.branch=null]))',
    ])
  })

  it('says the same as the plan, for every job of it', async () => {
    for (const values of [onBranch('main'), onBranch('dev'), onBranch('release-1'), onTag('v1')]) {
      const inspection = await inspected(config, values)
      const planned = inspection.result.plan?.workflows.flatMap((one) =>
        one.jobs.map((job) => `${one.name} ${job.name}`),
      )
      const asked = inspection.jobs.flatMap((name) =>
        inspection
          .why(name)
          .flatMap(({ workflow, jobs }) => jobs.flatMap((job) => (job.runs ? [`${workflow} ${job.name}`] : []))),
      )
      expect(new Set(asked)).toEqual(new Set(planned))
    }
  })

  it('decides path filters by changed files', async () => {
    const text = `version: 2.1
jobs: {filter: {parameters: {mapping: {type: string}}, docker: [{image: i}], steps: [{run: "<< parameters.mapping >>"}]}}
workflows:
  s:
    jobs:
      - filter:
          mapping: |
            web/.* run-web true
            # api/.* run-api true
            api/.* run-api false
            api/deep/.* run-api true
            [ broken x
            .* any "1"
`
    const inspection = await inspected(text, onBranch('main'))
    const decided = (...files: string[]) =>
      inspection.pathFilters(files).map(({ parameter, value, because }) => `${parameter}=${value}: ${because}`)
    expect(decided('web/a', 'x')).toEqual(['run-web=true: web/.* matches web/a', 'any="1": .* matches web/a'])
    expect(decided('api/deep/b')).toEqual([
      'run-api=true: api/deep/.* matches api/deep/b',
      'any="1": .* matches api/deep/b',
    ])
    expect(decided('not/web/a')[0]).toBe('any="1": .* matches not/web/a')
    expect(decided()).toEqual([])
  })
})
