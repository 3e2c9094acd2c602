import type { BuildSpec } from '@orrery/config'
import { expect, it } from 'vitest'
import { unavailableReason } from './unavailable.ts'

const step = { name: 'x', origin: [] }
const run = { ...step, kind: 'run' as const, command: 'true', environment: {}, background: false }
const remote = { ...step, kind: 'setup_remote_docker' as const, dockerLayerCaching: false }
const spec: BuildSpec = {
  executor: { type: 'docker', images: [{ image: 'a', environment: {} }] },
  parallelism: 1,
  environment: {},
  workingDirectory: '~/project',
  steps: [run],
  ipRanges: false,
}

it.each<[string, Partial<BuildSpec>, RegExp | null]>([
  ['an ordinary job', {}, null],
  ['known addresses', { ipRanges: true }, /circleci_ip_ranges/],
  ['136: known addresses with an engine', { ipRanges: true, steps: [remote] }, /circleci_ip_ranges/],
  ['an engine', { steps: [run, remote], resourceClass: 'small' }, null],
  ['an engine in the smallest class of a generation', { steps: [remote], resourceClass: 'small.gen2' }, /medium\.gen2/],
  ['the smallest class of a generation alone', { resourceClass: 'small.gen2' }, null],
  ['an engine in a larger one', { steps: [remote], resourceClass: 'medium.gen2' }, null],
])('%s', (_, change, reason) => {
  const found = unavailableReason({ ...spec, ...change })
  if (reason === null) expect(found).toBeNull()
  else expect(found).toMatch(reason)
})
