import type { JobSpec } from '@orrery/protocol'
import { wellKnownHosts } from '../../ssh/known-hosts.ts'
import { SshDirectory } from '../../ssh/ssh-directory.ts'

type SshCheckout = NonNullable<JobSpec['checkout']['ssh']>

/**
 * Makes the hosts of the well-known services and of the job's own repository known, so that ssh asks no question
 * (spec: execution.md 10.4, rule 3). Throws what the file system says.
 */
export async function addKnownHosts(home: string, more: readonly string[]): Promise<void> {
  const directory = new SshDirectory(home)
  await directory.make()
  await directory.append('known_hosts', [...wellKnownHosts, ...more])
}

/** Writes the checkout key where ssh finds it by itself; answers git's variables for this checkout. */
export async function installCheckoutKey(home: string, ssh: SshCheckout): Promise<Record<string, string>> {
  const directory = new SshDirectory(home)
  await directory.write('id_rsa', ssh.privateKey.endsWith('\n') ? ssh.privateKey : `${ssh.privateKey}\n`)
  if (ssh.publicKey !== undefined) await directory.write('id_rsa.pub', `${ssh.publicKey.trim()}\n`)
  const options = [`-i "${directory.file('id_rsa')}"`, `-o UserKnownHostsFile="${directory.file('known_hosts')}"`]
  // A question would wait for an answer until the step times out.
  return { GIT_SSH_COMMAND: `ssh ${options.join(' ')} -o BatchMode=yes` }
}
