import { OrreryError } from '@orrery/protocol'

/**
 * An artifact's name as an address can carry it: browsers resolve `.` and `..` and join double slashes before they ask,
 * so these parts are left out. ORY_BAD_REQUEST when nothing is left.
 */
export function servablePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
  if (parts.length === 0)
    throw new OrreryError('ORY_BAD_REQUEST', [`${JSON.stringify(path)} is no name for an artifact`])
  return parts.join('/')
}
