import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** How often sessions that are ending are looked at, ms. */
const lookMs = 20

/** SIGTERM for everybody in these sessions, up to `graceMs` to obey, then SIGKILL. Resolves when that is done. */
export async function endSessions(sessions: ReadonlySet<number>, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  let left = graceMs > 0 ? await signalSessions(sessions, 'SIGTERM') : sessions.size
  while (left > 0 && performance.now() < deadline) {
    await delay(lookMs)
    left = await signalSessions(sessions, 0)
  }
  if (left > 0) await signalSessions(sessions, 'SIGKILL')
}

/**
 * Signals (0 = only counts) everybody who is still in these sessions: a shell with job control puts its children into groups of their
 * own, so the group of the shell is not all. Answers how many processes there were.
 */
async function signalSessions(sessions: ReadonlySet<number>, signal: NodeJS.Signals | 0): Promise<number> {
  if (sessions.size === 0) return 0
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(async (pid) => sessions.has((await sessionOf(pid)) ?? -1)))
  let count = 0
  for (const [index, pid] of pids.entries()) {
    if (!found[index]) continue
    count += 1
    try {
      process.kill(pid, signal)
    } catch {
      // It ended in between.
    }
  }
  return count
}

/** Session of a living process; zombies do not count. */
async function sessionOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // "pid (name) state ppid pgrp session …", and the name may contain anything.
  const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || session === undefined ? undefined : Number(session)
}
