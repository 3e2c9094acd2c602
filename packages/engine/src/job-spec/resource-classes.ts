import { defaultDockerClass, dockerResourceClasses, type ResourceClass } from '@orrery/protocol'

/** Sizes of the Linux VM and macOS classes (execution.md 3.1); `memoryMb` as the smaller of the two generations. */
const machine = byName([
  { name: 'medium', vcpus: 2, memoryMb: 7680, arch: 'amd64' },
  { name: 'large', vcpus: 4, memoryMb: 15360, arch: 'amd64' },
  { name: 'xlarge', vcpus: 8, memoryMb: 32768, arch: 'amd64' },
  { name: '2xlarge', vcpus: 16, memoryMb: 65536, arch: 'amd64' },
  { name: '2xlarge+', vcpus: 32, memoryMb: 65536, arch: 'amd64' },
  { name: 'arm.medium', vcpus: 2, memoryMb: 8192, arch: 'arm64' },
  { name: 'arm.large', vcpus: 4, memoryMb: 16384, arch: 'arm64' },
  { name: 'arm.xlarge', vcpus: 8, memoryMb: 32768, arch: 'arm64' },
  { name: 'arm.2xlarge', vcpus: 16, memoryMb: 65536, arch: 'arm64' },
])
const macos = byName([
  { name: 'm4pro.medium', vcpus: 6, memoryMb: 28672, arch: 'arm64' },
  { name: 'm4pro.large', vcpus: 12, memoryMb: 57344, arch: 'arm64' },
])

/** Class of a job that names none (execution.md 3). Executor types are those of the Plan. */
export function defaultClass(executor: string): string {
  if (executor === 'macos') return 'm4pro.medium'
  return executor === 'machine' ? 'medium' : defaultDockerClass
}

/** The class's size, or undefined when this installation has none of that name. */
export function findClass(executor: string, name: string): ResourceClass | undefined {
  if (executor === 'docker') return dockerResourceClasses.get(name)
  return (executor === 'macos' ? macos : machine).get(name)
}

function byName(classes: ResourceClass[]): ReadonlyMap<string, ResourceClass> {
  return new Map(classes.map((one) => [one.name, one]))
}
