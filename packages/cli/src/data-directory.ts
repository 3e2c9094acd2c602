import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Where state lives when `--data` is not given: `ORRERY_DATA`, else `/var/lib/orrery` for root, else the user's data
 * folder. Not in root's home: that is closed to others, and PostgreSQL refuses to run as root.
 */
export function defaultDataDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['ORRERY_DATA']) return resolve(environment['ORRERY_DATA'])
  if (process.getuid?.() === 0) return '/var/lib/orrery'
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'orrery')
}

/** Folder for `orrery run` (`ORRERY_CACHE` overrides): caches and the small database of each working tree. */
export function localRunDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['ORRERY_CACHE']) return resolve(environment['ORRERY_CACHE'])
  if (process.getuid?.() === 0) return '/var/cache/orrery'
  return join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'orrery')
}
