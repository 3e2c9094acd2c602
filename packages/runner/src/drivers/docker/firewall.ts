import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const environment = { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin' }

/** Our chains: what jobs send on to elsewhere, and what they send to this host. */
const forward = 'ORRERY-FORWARD'
const input = 'ORRERY-INPUT'

/** Link-local addresses, where clouds serve machine credentials; carrier and benchmark ranges that some use for it. */
const metadata = ['169.254.0.0/16', '100.100.100.200/32', '192.0.0.192/32']

/**
 * Keeps jobs from the cloud's metadata service and from the services of this host (spec: execution.md 4.4.7): rules for
 * the whole range that the networks of jobs are made from, so a job costs nothing. Names may still be asked of a name
 * server on this host. The engine's own rules drop what one bridge sends to another, and networks of jobs have no IPv6.
 *
 * Setting it up again changes nothing. Answers what is missing when it cannot be done: without root, without iptables,
 * or with an engine in another network namespace.
 */
export async function blockHost(pool: string, hostServices: 'blocked' | 'reachable'): Promise<string | undefined> {
  const rules: string[][] = [
    ...metadata.map((range) => [forward, '-d', range, '-j', 'REJECT']),
    [forward, '-j', 'RETURN'],
    [input, '-m', 'conntrack', '--ctstate', 'ESTABLISHED,RELATED', '-j', 'RETURN'],
    ...['udp', 'tcp'].map((protocol) => [input, '-p', protocol, '--dport', '53', '-j', 'RETURN']),
    ...(hostServices === 'blocked' ? [[input, '-j', 'REJECT']] : []),
    [input, '-j', 'RETURN'],
  ]
  try {
    await replaceChains(rules)
    await jump('DOCKER-USER', pool, forward)
    await jump('INPUT', pool, input)
  } catch (error) {
    return `jobs can reach metadata services and this host: ${reasonOf(error)}`
  }
}

/**
 * In one step: a chain that is emptied first would let the jobs of every other runner on this host through until the
 * last rule is back.
 */
async function replaceChains(rules: readonly string[][]): Promise<void> {
  const chains = [forward, input].map((chain) => `:${chain} - [0:0]`)
  const lines = ['*filter', ...chains, ...rules.map((rule) => `-A ${rule.join(' ')}`), 'COMMIT', '']
  const restoring = run('iptables-restore', ['-w', '5', '--noflush'], { env: environment })
  // It may end before it has read all; its own message tells why.
  restoring.child.stdin?.on('error', () => undefined).end(lines.join('\n'))
  await restoring
}

/** First in `chain`, once. */
async function jump(chain: string, pool: string, target: string): Promise<void> {
  const rule = ['-s', pool, '-j', target]
  await iptables('-C', chain, ...rule).catch(() => iptables('-I', chain, ...rule))
}

async function iptables(...args: string[]): Promise<void> {
  await run('iptables', ['-w', '5', ...args], { env: environment })
}

function reasonOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return (stderr || (error instanceof Error ? error.message : String(error))).split('\n', 1)[0] ?? ''
}
