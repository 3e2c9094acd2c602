import { describe } from 'vitest'
import type { Given } from '../testing/compile.ts'
import { B, commands, faultCases, names, type ValueCase, valueCases } from './harness.ts'

const setup = (workflows: string) => `version: 2.1\nsetup: true\njobs: {build: ${B}}\nworkflows: ${workflows}\n`

/** A config with the parameter `x`, whose job tells its value. */
const declaring = (fallback: string, type = 'boolean') =>
  `version: 2.1\nparameters: {x: {type: ${type}, default: ${fallback}}}\njobs: {build: {docker: [{image: x}], steps: [{run: x << pipeline.parameters.x >>}]}}\n`

describe('setup configs', () => {
  faultCases([
    {
      name: '330 two workflows',
      config: setup('{v: {jobs: [build]}, w: {jobs: [build]}}'),
      gives: ['C580'],
      says: ['found 2: v, w'],
    },
    { name: '331 in version 2', config: `version: 2\nsetup: true\njobs: {build: ${B}}`, gives: ['C111'] },
    { name: '332 in a continuation', phase: 'continuation', config: setup('{w: {jobs: [build]}}'), gives: ['C581'] },
    {
      name: '333 an undeclared argument of a continuation',
      phase: 'continuation',
      args: { x: 1 },
      config: `version: 2.1\njobs: {build: ${B}}`,
      gives: ['C331'],
    },
    {
      name: '336 an argument the setup config does not declare',
      args: { x: true },
      config: setup('{w: {jobs: [build]}}'),
      gives: ['C331'],
    },
    {
      name: '334 a parameter that trigger and continuation both set',
      phase: 'continuation',
      continues: { setup: declaring('false'), triggerArgs: { x: true } },
      args: { x: false },
      config: declaring('false'),
      gives: ['C582 2:1'],
      says: ['Conflicting pipeline parameters: x'],
    },
    {
      name: 'a trigger argument of the wrong type for the continuation',
      phase: 'continuation',
      continues: { setup: declaring('false'), triggerArgs: { x: true } },
      config: declaring('"text"', 'string'),
      gives: ['C362'],
    },
    {
      name: 'setup as text',
      config: setup('{w: {jobs: [build]}}').replace('setup: true', 'setup: "true"'),
      gives: ['C202'],
    },
  ])

  const continued = (name: string, given: Given, is: unknown, fallback = 'false'): ValueCase => ({
    name,
    phase: 'continuation',
    config: declaring(fallback),
    see: commands,
    is,
    ...given,
  })

  valueCases([
    continued(
      '334 the trigger set the default of the setup config',
      { continues: { setup: declaring('false'), triggerArgs: { x: false } }, args: { x: true } },
      ['x true'],
    ),
    continued('only the trigger set it', { continues: { setup: declaring('false'), triggerArgs: { x: true } } }, [
      'x true',
    ]),
    continued(
      'the setup config does not declare it',
      { continues: { setup: setup('{w: {jobs: [build]}}'), triggerArgs: {} }, args: { x: true } },
      ['x true'],
    ),
    { name: '335 the default of the setup config', config: declaring('true'), see: commands, is: ['x true'] },
    continued(
      '335 the default of the continuation config',
      { continues: { setup: declaring('true'), triggerArgs: {} } },
      ['x false'],
    ),
    continued(
      '337 a trigger argument that only the setup config declares',
      { continues: { setup: declaring('false').replaceAll('x:', 'y:'), triggerArgs: { y: true } } },
      ['x false'],
    ),
    // That a pipeline is continued only once is for its keeper to refuse; the compiler keeps nothing.
    continued('338 a continuation compiles as often as it is asked to', { args: { x: true } }, ['x true']),
    {
      name: 'no workflow left in a setup config',
      config: setup('{w: {when: false, jobs: [build]}}'),
      see: (r) => [r.ok, r.isSetup, r.plan?.outcome],
      is: [true, true, 'noWorkflows'],
    },
    {
      name: '330 one workflow left',
      config: setup('{v: {when: false, jobs: [build]}, w: {jobs: [build]}}'),
      see: (r) => [r.isSetup, names(r)],
      is: [true, ['build']],
    },
    {
      name: 'another workflow whose jobs are for tags only',
      config: setup(
        '{v: {jobs: [build: {filters: {branches: {ignore: /.*/}, tags: {only: /.*/}}}]}, w: {jobs: [build]}}',
      ),
      see: (r) => r.plan?.workflows.map(({ name }) => name),
      is: ['w'],
    },
    {
      name: 'setup: false',
      config: setup('{w: {jobs: [build]}}').replace('setup: true', 'setup: false'),
      see: (r) => r.isSetup,
      is: false,
    },
  ])
})
