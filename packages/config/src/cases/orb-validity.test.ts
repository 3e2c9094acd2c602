import { describe, expect, it, test } from 'vitest'
import { noOrbs } from '../compile.ts'
import { validateOrb, validateOrbTree } from '../orbs/validate.ts'
import { treeOf } from '../pack/source-tree.ts'

const run = (body: string) => validateOrb({ text: body, file: 'orb.yml' }, noOrbs)
const labels = (result: Awaited<ReturnType<typeof run>>) =>
  result.diagnostics.map(({ code, range }) => `${code} ${range.start.line}:${range.start.column}`)

describe('an orb by itself (19.4)', () => {
  test.each([
    ['a sound orb', 'commands: {c: {parameters: {p: {type: string}}, steps: [{run: "<< parameters.p >>"}]}}', []],
    [
      'a parameter that nothing uses',
      'commands: {c: {parameters: {p: {type: string}}, steps: [checkout]}}',
      ['W941 2:29'],
    ],
    [
      'a parameter used in a section',
      'commands: {c: {parameters: {p: {type: string}}, steps: [{run: "a<<# parameters.p >>b<</ parameters.p >>"}]}}',
      [],
    ],
    [
      'a parameter used in an expression',
      'commands: {c: {parameters: {p: {type: string}}, steps: [{run: "<< parameters.p == \\"a\\" and 1 or 2 >>"}]}}',
      [],
    ],
    ['an undeclared parameter', 'commands: {c: {steps: [{run: "a << parameters.p >>"}]}}', ['C320 2:33']],
    [
      'the name of a parameter inside a text is none',
      'commands: {c: {steps: [{run: "<< \\"parameters.p\\" == \\"\\" >>"}]}}',
      [],
    ],
    [
      'an undeclared parameter in a branch that no call takes',
      'commands: {c: {steps: [{when: {condition: false, steps: [{run: "<< parameters.p >>"}]}}]}}',
      ['C320 2:65'],
    ],
    [
      'a pipeline parameter',
      'jobs: {j: {docker: [{image: "<< pipeline.parameters.p >>"}], steps: [checkout]}}',
      ['C321 2:30'],
    ],
    [
      'an unknown pipeline value',
      'jobs: {j: {docker: [{image: "<< pipeline.nosuch >>"}], steps: [checkout]}}',
      ['C322 2:30'],
    ],
    ['a pipeline value', 'jobs: {j: {docker: [{image: "<< pipeline.git.branch >>"}], steps: [checkout]}}', []],
    ['an unclosed tag', 'commands: {c: {steps: [{run: "cat <<EOF"}]}}', ['C310 2:35']],
    ['an unknown command', 'commands: {c: {steps: [nope]}}', ['C405 2:24']],
    [
      'an unknown command in a branch',
      'commands: {c: {steps: [{unless: {condition: true, steps: [nope: {}]}}]}}',
      ['C405 2:59'],
    ],
    [
      'an unknown command in a default',
      'commands: {c: {parameters: {s: {type: steps, default: [nope]}}, steps: [steps: "<< parameters.s >>"]}}',
      ['C405 2:56'],
    ],
    [
      'an unknown command in an argument',
      'commands: {c: {parameters: {s: {type: steps}}, steps: [steps: "<< parameters.s >>"]}, d: {steps: [c: {s: [nope]}]}}',
      ['C405 2:107'],
    ],
    ['an unknown executor', 'jobs: {j: {executor: nope, steps: [checkout]}}', ['C404 2:22']],
    [
      'an unknown executor in a default',
      'jobs: {j: {parameters: {e: {type: executor, default: nope}}, executor: "<< parameters.e >>", steps: [checkout]}}',
      ['C404 2:54'],
    ],
    ['an unknown alias', 'jobs: {j: {docker: [{image: i}], steps: [x/y]}}', ['C401 2:42']],
    ['an alias loop', 'orbs: {x: {jobs: {b: {type: no-op}}}}\njobs: {a: a}', ['C428 3:11']],
    ['a bad name', 'commands: {Bad: {steps: [checkout]}}', ['C120 2:12']],
    ['workflows', 'workflows: {w: {jobs: [a]}}', ['C427 2:1']],
    ['an unknown key', 'commandz: {a: b}', ['W921 2:1']],
    ['an example without usage', 'examples: {e: {description: d}}', ['C203 2:12']],
    ['an example', 'examples: {e: {usage: {version: 2.1}}}', []],
    ['a command without steps', 'commands: {c: {description: d}}', ['C227 2:12']],
    ['a command that wraps a built-in of its name', 'commands: {checkout: {steps: [checkout]}}', []],
    ['an orb that is missing', 'orbs: {x: acme/none@1}\ncommands: {c: {steps: [x/y]}}', ['C421 2:11']],
  ] as [string, string, string[]][])('%s', async (_, body, expected) => {
    const result = await run(`version: 2.1\n${body}`)

    expect(labels(result)).toEqual(expected)
    expect(result.ok).toBe(!expected.some((label) => label.startsWith('C')))
  })

  test.each([
    ['no version', 'commands: {}', ['C110 1:1']],
    ['version 2', 'version: 2', ['C110 1:10']],
    ['a list', '[]', ['C102 1:1']],
    ['no YAML', 'a: [', ['C100 1:4']],
  ])('%s', async (_, text, expected) => {
    expect(labels(await run(text))).toEqual(expected)
  })

  it('names places in the sources, not in the packed text', async () => {
    const tree = treeOf('src', {
      '@orb.yml': 'version: 2.1',
      'jobs/a.yml': 'docker: [{image: i}]\nsteps:\n  - checkout\n  - nope',
    })
    const { diagnostics } = await validateOrbTree(tree, noOrbs)
    expect(diagnostics).toMatchObject([{ code: 'C405', file: 'src/jobs/a.yml', range: { start: { line: 4 } } }])
  })
})
