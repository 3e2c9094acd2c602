import { join } from 'node:path'

/** Where things lie in a task directory (protocol: place.ts). */
export interface TaskPaths {
  root: string
  gateway: string
  placeInfo: string
  spool: string
  events: string
  /** `CIRCLE_INTERNAL_TASK_DATA`. */
  data: string
  control: string
  /** Inside `data`, where scripts look for it (spec: execution.md 15.3). */
  earlierResults: string
  /** Inside `data`: documents of impact data (spec: execution.md 16.4). */
  impact: string
  tmp: string
}

export function taskPaths(root: string): TaskPaths {
  const spool = join(root, 'spool')
  const data = join(root, 'data')
  return {
    root,
    gateway: join(root, 'gateway.sock'),
    placeInfo: join(root, 'place.json'),
    spool,
    events: join(spool, 'events.ndjson'),
    data,
    control: join(data, 'agent.sock'),
    earlierResults: join(data, 'circle-test-results', 'results.json'),
    impact: join(data, 'test-impact'),
    tmp: join(root, 'tmp'),
  }
}

export function logPath(paths: TaskPaths, step: number, attempt: number): string {
  return join(paths.spool, `${step}-${attempt}.log`)
}
