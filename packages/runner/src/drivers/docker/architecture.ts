import { existsSync } from 'node:fs'
import { OrreryError, type ResourceClass } from '@orrery/protocol'

/** What the kernel starts programs for arm64 with, where somebody has told it to. */
const emulator = '/proc/sys/fs/binfmt_misc/qemu-aarch64'

/**
 * Refuses a class of arm processors on a machine that has none and emulates none: with an image for the machine's own the
 * job would build for the wrong ones and be green, with the right image every step would fail (spec: execution.md 2.1,
 * 2.4). The other classes say a size and name no processors: a machine with arm processors takes them. `machine`: as the
 * engine says, `x86_64`; empty when it did not.
 */
export function checkArchitecture(machine: string, { name, arch }: ResourceClass): void {
  if (arch !== 'arm64' || machine !== 'x86_64' || existsSync(emulator)) return
  const refusal = new OrreryError('ORY_RESOURCE_CLASS', [name]).message
  throw new OrreryError('ORY_BAD_REQUEST', [
    `${refusal}: it has arm processors, this runner has not, and nothing emulates them`,
  ])
}
