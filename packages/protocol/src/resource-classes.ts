import type { ResourceClass } from './job-spec.ts'

type Sizes = Record<string, readonly [vcpus: number, memoryGb: number]>

const dockerX86: Sizes = {
  small: [1, 2],
  medium: [2, 4],
  'medium+': [3, 6],
  large: [4, 8],
  xlarge: [8, 16],
  '2xlarge': [16, 32],
  '2xlarge+': [20, 40],
}
const dockerArm: Sizes = {
  'arm.medium': [2, 8],
  'arm.large': [4, 16],
  'arm.xlarge': [8, 32],
  'arm.2xlarge': [16, 64],
}

/** Resource classes of the docker executor (execution.md 3.1); `<name>.gen2` has the same size. */
export const dockerResourceClasses: ReadonlyMap<string, ResourceClass> = new Map(
  [...classes(dockerX86, 'amd64'), ...classes(dockerX86, 'amd64', '.gen2'), ...classes(dockerArm, 'arm64')].map(
    (one) => [one.name, one],
  ),
)

/** Class of a docker job that names none (execution.md 3). */
export const defaultDockerClass = 'medium'

function classes(sizes: Sizes, arch: ResourceClass['arch'], suffix = ''): ResourceClass[] {
  return Object.entries(sizes).map(([name, [vcpus, gb]]) => ({ name: name + suffix, vcpus, memoryMb: gb * 1024, arch }))
}
