import type { JobSpec } from '@orrery/protocol'
import { md5Fingerprint } from '../ssh/fingerprints.ts'
import type { StepContext } from '../steps/step.ts'
import { hostArch } from './arch.ts'
import { fileChecksum } from './checksum.ts'
import { type RenderedKey, renderKey } from './render.ts'

/** Renders a cache key with what the step's task knows. */
export function renderStepKey(template: string, context: StepContext): Promise<RenderedKey> {
  const { spec } = context
  return renderKey(template, {
    branch: spec.checkout.branch ?? '',
    buildNum: spec.jobNumber,
    revision: spec.checkout.sha,
    // A checkout through the gateway needs no key.
    checkoutKey: md5Fingerprint(spec.checkout.ssh?.publicKey ?? ''),
    environment: keyEnvironment(spec),
    arch: hostArch(),
    checksum: (path) => fileChecksum(context.resolvePath(path)),
    now: () => new Date(),
  })
}

/** Built-in, project and context variables; not those of the config or of steps (spec: execution.md 11.3). */
function keyEnvironment(spec: JobSpec): Record<string, string> {
  const layers = spec.environment.filter(
    ({ source }) => source === 'project' || source === 'builtin' || source.startsWith('context:'),
  )
  return Object.assign(Object.create(null), ...layers.map(({ vars }) => vars))
}
