import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type JobSpec, placePaths } from '@orrery/protocol'
import type { GitSetting } from '../process-context.ts'

type Checkout = JobSpec['checkout']

/**
 * How git comes to the token of an HTTPS checkout (spec: execution.md 10.4): by a credential helper that asks the agent, for the
 * repository's own host, in this step and in later ones. So the token is in no address, argument, variable or file. Helpers
 * that the image brings are left out: one of them might keep what it sees.
 */
export function httpsSettings(url: string): GitSetting[] {
  const key = `credential.${new URL(url).origin}.helper`
  // Its own path, where it has one: a program of the same name may stand before it in PATH.
  const own = join(placePaths.runtime, 'bin', 'circleci')
  return [
    [key, ''],
    [key, `!${existsSync(own) ? own : 'circleci'} git-credential`],
  ]
}

/** The credential of the checkout, when git asks for it at the very place where the repository is. */
export function checkoutCredential(
  { url, https }: Checkout,
  asked: { protocol: string; host: string },
): Checkout['https'] | null {
  if (https === undefined) return null
  // Git keeps a default port that the address spells out.
  const place = `${asked.protocol}://${asked.host}`
  return URL.canParse(place) && new URL(place).origin === new URL(url).origin ? https : null
}
