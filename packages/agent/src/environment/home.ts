import { readFile } from 'node:fs/promises'

/**
 * HOME of the step user (spec: execution.md 9.1): the variable, unless it is empty or `/`, which engines set for users
 * they don't know; then the passwd entry; images without one give root its usual place.
 */
export async function findHome(env: Record<string, string | undefined>, uid: number): Promise<string> {
  const given = env['HOME']
  if (given?.startsWith('/') && given !== '/') return given
  const entry = await homeFromPasswd(uid)
  return entry ?? (uid === 0 ? '/root' : '/')
}

async function homeFromPasswd(uid: number): Promise<string | undefined> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const line = passwd.split('\n').find((one) => one.split(':')[2] === String(uid))
  const home = line?.split(':')[5]
  return home?.startsWith('/') ? home : undefined
}
