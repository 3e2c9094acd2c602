import { expect, it } from 'vitest'
import { compileText } from '../testing/compile.ts'
import { graphMermaid, graphText } from './graph.ts'

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
