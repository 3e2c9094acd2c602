import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Orrery } from './orrery.ts'

const run = promisify(execFile)

/** Ids of the containers and networks that the installation's runner has made for tasks and not removed. */
export async function placesOf(orrery: Orrery): Promise<string[]> {
  const { id } = JSON.parse(await readFile(join(orrery.dataDir, 'runner/runner.json'), 'utf8')) as { id: string }
  const filter = ['--filter', `label=orrery.runner=${id}`, '--filter', 'label=orrery.task', '-q']
  const lists = await Promise.all([run('docker', ['ps', '-a', ...filter]), run('docker', ['network', 'ls', ...filter])])
  return lists.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
}

/** Task directories that are left on the runner's disk. */
export async function taskDirectoriesOf(orrery: Orrery): Promise<string[]> {
  return readdir(join(orrery.dataDir, 'runner/tasks')).catch(() => [])
}

/** Process id, seen from the host, of the agent that runs a step of this job now. */
export async function agentPid(jobId: string): Promise<number> {
  for (const entry of await readdir('/proc')) {
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '')
    if (!environment.includes(`CIRCLE_WORKFLOW_JOB_ID=${jobId}\0`)) continue
    for (let pid = Number(entry); pid > 1; pid = await parentOf(pid)) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      // One that was started ahead waited for its task.
      if (/^\/orrery\/rt\/.*\/orrery\/agent\.mjs\0(?:run|wait)\0/s.test(command)) return pid
    }
  }
  throw new Error(`no agent of job ${jobId}`)
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}
