import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobSpec } from '@orrery/protocol'
import type { Driver, Place, PlaceExit, PlaceRequest } from '../driver.ts'

/** What happens to a place: the agent runs, the place cannot be made, or it dies with a code and no word. */
export type ScriptedBehaviour = { kind: 'agent' } | { kind: 'fail'; error: Error } | { kind: 'exit'; code: number }

export interface ScriptedOptions {
  /** Directory with `agent.mjs`. */
  agentDir: string
  /** Default: the agent runs. */
  behaviour?: (spec: JobSpec) => ScriptedBehaviour
}

/**
 * Places that behave on command, for scenario tests without an engine. The agent runs on the host, as this user and
 * without any isolation: never for jobs of strangers. Its places do not outlive the runner.
 */
export function createScriptedDriver(options: ScriptedOptions): Driver {
  const places = new Map<string, Place>()
  return {
    name: 'scripted',
    executors: ['docker'],
    probe: async () => ({ Driver: 'scripted' }),
    async start(request) {
      const behaviour = options.behaviour?.(request.spec) ?? { kind: 'agent' }
      if (behaviour.kind === 'fail') throw behaviour.error
      await writeFile(join(request.taskDirectory, 'place.json'), JSON.stringify({ forwards: [], environment: {} }))
      request.signal.throwIfAborted()
      const place =
        behaviour.kind === 'exit' ? deadPlace(request, behaviour.code) : agentPlace(request, options.agentDir)
      places.set(request.spec.taskId, place)
      return place
    },
    adopt: async () => [],
    async sweep(keep) {
      for (const [taskId, place] of places) if (!keep.has(taskId)) await place.destroy()
    },
  }
}

function deadPlace(request: PlaceRequest, exitCode: number): Place {
  return {
    taskId: request.spec.taskId,
    exited: Promise.resolve({ exitCode, oomKilled: exitCode === 137 }),
    services: [],
    destroy: async () => undefined,
  }
}

function agentPlace(request: PlaceRequest, agentDir: string): Place {
  const child = spawn(process.execPath, [join(agentDir, 'agent.mjs'), 'run', request.taskDirectory], {
    cwd: request.taskDirectory,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: request.taskDirectory },
    stdio: 'ignore',
    // A session of its own: destroying the place takes the agent's children with it.
    detached: true,
  })
  const exited = exitOf(child)
  return {
    taskId: request.spec.taskId,
    exited,
    services: [],
    async destroy() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, 'SIGKILL')
      }
      await exited
    },
  }
}

function exitOf(child: ChildProcess): Promise<PlaceExit> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve({ exitCode: code ?? 137, oomKilled: false }))
    child.once('error', () => resolve({ exitCode: 127, oomKilled: false }))
  })
}
