import type { BuildSpec } from '@orrery/config'

/**
 * Why a job is rejected although its class is there, told before a place is made for it; null when it is not. Something that
 * was asked for is never left out in silence: a firewall elsewhere may rely on it.
 */
export function unavailableReason({ ipRanges, steps, resourceClass }: BuildSpec): string | null {
  // execution.md 4.4, rule 7
  if (ipRanges) {
    return 'This job was rejected because circleci_ip_ranges asks for known addresses, and this installation has none'
  }
  // execution.md 6.1: the mapping to a larger class ends below `medium` in the later generations.
  const usesDocker = steps.some(({ kind }) => kind === 'setup_remote_docker')
  const tooSmall = /^small\.(?<generation>gen\d)$/.exec(resourceClass ?? '')?.groups?.['generation']
  if (!usesDocker || tooSmall === undefined) return null
  return `This job was rejected because ${resourceClass} is too small for setup_remote_docker: use medium.${tooSmall}`
}
