import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { defaultCompileOptions, noOrbs } from '../compile.ts'
import { inspect } from '../explain/inspect.ts'
import { pushToMain } from '../testing/compile.ts'
import { canonical } from './canonical.ts'
import { type Change, diffViews } from './diff.ts'
import { alignSteps } from './steps.ts'
import type { CompiledView } from './view.ts'

const base = `version: 2.1
commands: {c: {parameters: {p: {type: string}}, steps: [{run: {name: n, command: "<< parameters.p >>"}}]}}
jobs:
  a: {docker: [{image: i}, {image: db}], environment: {X: "1", Y: "2"}, steps: [checkout, {c: {p: one}}, {run: last}]}
  b: {docker: [{image: i}], steps: [checkout]}
workflows:
  w: {jobs: [a, {b: {requires: [a], context: [k, l]}}]}
`

async function view(text: string): Promise<CompiledView> {
  const { result, view } = await inspect({
    source: { text, file: 'c.yml' },
    pipelineValues: pushToMain,
    pipelineArgs: {},
    phase: 'initial',
    orbResolver: noOrbs,
    options: defaultCompileOptions,
  })
  expect(result.diagnostics.filter((one) => one.severity === 'error')).toEqual([])
  return view
}

const label = ({ workflow, job, path, kind, before, after }: Change) =>
  `${kind} ${[workflow, job, path].filter(Boolean).join(' ')}${before === undefined ? '' : ` -${before}`}${after === undefined ? '' : ` +${after}`}`

describe('a difference in meaning', () => {
  test.each([
    ['an image', 'image: db', 'image: db2', ['changed w a docker/1/image -db +db2']],
    ['an image more', '{image: db}]', '{image: db}, {image: x}]', ['added w a docker/2 +{"image":"x"}']],
    ['a variable', 'X: "1"', 'Z: "1"', ['removed w a environment/X -1', 'added w a environment/Z +1']],
    ['an argument', 'p: one', 'p: two', ['changed w a step 2/run/command -one +two']],
    [
      'a step before others',
      '[checkout, {c',
      '[{run: first}, checkout, {c',
      ['added w a step 1 +{"run":{"command":"first"}}'],
    ],
    ['a step less', ', {run: last}', '', ['removed w a step 3 -{"run":{"command":"last"}}']],
    ['the order of steps', '[checkout, {c: {p: one}}, {run: last}]', '[checkout, {run: last}, {c: {p: one}}]', /step/],
    ['a requirement', 'requires: [a], ', '', ['removed w b requires -a: success']],
    [
      'a status',
      'requires: [a]',
      'requires: [{a: failed}]',
      ['removed w b requires -a: success', 'added w b requires +a: failed'],
    ],
    ['the order of contexts', '[k, l]', '[l, k]', ['changed w b context/0 -k +l', 'changed w b context/1 -l +k']],
    [
      'a filter',
      'context: [k, l]',
      'context: [k, l], filters: {branches: {only: x}}',
      ['changed w b filters -null +{"branches":{"only":["x"]}}'],
    ],
    ['a job', '[a, {b', '[a, {a: {name: a2}}, {b', ['added w a2']],
    ['a workflow', '  w: {', '  v: {jobs: [a]}\n  w: {', ['added v']],
  ] as [string, string, string, string[] | RegExp][])('%s', async (_, from, to, expected) => {
    const [before, after] = [await view(base), await view(base.replace(from, to))]
    const changes = diffViews(before, after).map(label)

    if (expected instanceof RegExp) expect(changes.join('\n')).toMatch(expected)
    else expect(changes).toEqual(expected)
    expect(diffViews(after, before)).toHaveLength(changes.length)
  })

  test.each([
    ['the order of variables', '{X: "1", Y: "2"}', '{Y: "2", X: "1"}'],
    ['the order of jobs', '  a: {docker', '  c: {docker: [{image: z}], steps: [checkout]}\n  a: {docker'],
    ['a command written out', '{c: {p: one}}', '{run: {command: one, name: n}}'],
    ['a comment', 'workflows:', '# why\nworkflows:'],
    ['a step’s short form', '{run: last}', '{run: {command: last}}'],
  ])('none: %s', async (_, from, to) => {
    expect(diffViews(await view(base), await view(base.replace(from, to)))).toEqual([])
  })
})

describe('aligned steps', () => {
  const step = fc.oneof(
    fc.constantFrom('checkout', 'a', 'b'),
    fc.record({ run: fc.record({ name: fc.constantFrom('x', 'y'), command: fc.constantFrom('1', '2') }) }),
  )

  it('of any two lists: what is not paired is equal and in order; equal lists have no pairs', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (before, after) => {
        const pairs = alignSteps(before, after)
        const gone = pairs.filter((one) => one.left !== undefined).length
        const come = pairs.filter((one) => one.right !== undefined).length
        expect(before.length - gone).toBe(after.length - come)
        expect(pairs.length === 0).toBe(canonical(before) === canonical(after))
        for (const { number, right } of pairs) if (right !== undefined) expect(after[number - 1]).toEqual(right)
      }),
    )
  })
})
