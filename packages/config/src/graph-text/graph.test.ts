import { expect, it } from 'vitest'
import { defaultCompileOptions, noOrbs } from '../compile.ts'
import { inspect } from '../explain/inspect.ts'
import { compileText, pushToMain } from '../testing/compile.ts'
import { graphData, graphMermaid, graphText } from './graph.ts'

const config = `version: 2.1
jobs:
  build: {docker: [{image: i}], steps: [checkout]}
  "Say hi": {type: no-op}
workflows:
  main:
    jobs:
      - build
      - hold: {type: approval, requires: [build]}
      - build: {name: 'a"b', requires: [hold, {build: [failed, canceled]}]}
      - Say hi
  other: {jobs: [build]}
`

it('workflows as text', async () => {
  const { plan } = await compileText(config)
  expect(plan && graphText(plan)).toBe(`main
  build
    hold   approval; after build
      a"b  after hold, build (failed or canceled)
  Say hi   no-op

other
  build
`)
})

it('workflows as Mermaid, names escaped', async () => {
  const { plan } = await compileText(config)
  expect(plan && graphMermaid(plan)).toBe(`flowchart LR
  subgraph w0["main"]
    w0j0["build"]
    w0j1{{"hold"}}
    w0j2["a#34;b"]
    w0j3(["Say hi"])
    w0j0 --> w0j1
    w0j1 --> w0j2
    w0j0 -->|"failed or canceled"| w0j2
  end
  subgraph w1["other"]
    w1j0["build"]
  end
`)
})

it('workflows as data: types, statuses, contexts, matrices and filters', async () => {
  const text = `version: 2.1
jobs:
  build: {parameters: {v: {type: integer}}, docker: [{image: i}], steps: [checkout]}
  ship: {docker: [{image: i}], steps: [checkout]}
workflows:
  main:
    jobs:
      - build: {matrix: {parameters: {v: [1]}}}
      - hold: {type: approval, requires: [{build-1: [success, failed]}]}
      - ship: {requires: [hold], context: [prod, keys], filters: {branches: {only: main}}}
      - ship: {name: never, filters: {branches: {ignore: main}}}
`
  const { result, view } = await inspect({
    source: { text, file: 'config.yml' },
    pipelineValues: pushToMain,
    pipelineArgs: {},
    phase: 'initial',
    orbResolver: noOrbs,
    options: defaultCompileOptions,
  })
  expect(result.plan && graphData(result.plan, view)).toEqual([
    {
      name: 'main',
      jobs: [
        { name: 'build-1', definition: 'build', type: 'build', requires: [], contexts: [], matrix: { v: 1 } },
        {
          name: 'hold',
          definition: 'hold',
          type: 'approval',
          requires: [{ job: 'build-1', statuses: ['success', 'failed'] }],
          contexts: [],
        },
        {
          name: 'ship',
          definition: 'ship',
          type: 'build',
          requires: [{ job: 'hold', statuses: ['success'] }],
          contexts: ['prod', 'keys'],
          filters: { branches: { only: ['main'] } },
        },
      ],
    },
  ])
})
