import type { JobStatus, JobView } from '@orrery/protocol'
import { expect } from 'vitest'
import type { ApiClient } from '../../packages/cli/src/client/api.ts'

/** Images that behaviours ask for: recipes of scripts/lib/recipes.mjs. */
export const images = {
  /** Debian, user `circleci`. */
  base: 'cimg/base:2024.02',
  /** The same, user root. */
  root: 'orrery-test/debian:latest',
  /** Nothing but busybox, user root. */
  busybox: 'busybox:1.36',
  /** Debian without bash. */
  dash: 'orrery-test/dash:latest',
  /** Variables, HOME and login files of its own, and Python. */
  odd: 'orrery-test/odd:latest',
  /** An SSH server. */
  sshd: 'orrery-test/sshd:latest',
} as const

export type StepConfig = string | Record<string, unknown>

/** One job of the configuration and what must come of it. */
export interface Behaviour {
  /** Numbers in the list of behaviours of the specification (execution.md, appendix A). */
  numbers: readonly number[]
  image?: keyof typeof images
  /** Keys of the job beside `docker` and `steps`. */
  job?: Record<string, unknown>
  steps: StepConfig[]
  /** Its entry in the workflow. */
  entry?: Record<string, unknown>
  /** Default: success. */
  status?: JobStatus
  /** All configured attempts that ran, e.g. `a success 0`; in order of steps and attempts. */
  ran?: string[]
  /** Output by step name, without the echo of the command, line ends as `\n`. A text must be equal. */
  says?: Record<string, string | RegExp>
  more?: (seen: SeenJob) => void | Promise<void>
}

export type Behaviours = Record<string, Behaviour>

/** `run` step with a name. */
export function say(name: string, command: string, more: Record<string, unknown> = {}): StepConfig {
  return { run: { name, command, ...more } }
}

/** A word of so many times 50,000 letters, over lines that a log need not split. */
export function longWord(times: number): string {
  return Array.from({ length: times }, () => 'a'.repeat(50_000)).join('\\\n')
}

/** The configuration that holds all behaviours as jobs of one workflow. */
export function configOf(behaviours: Behaviours, more: Record<string, unknown> = {}): string {
  const jobs = Object.entries(behaviours).map(([name, { image = 'base', job = {}, steps }]) => {
    const docker = job['executor'] === undefined ? { docker: [{ image: images[image] }] } : {}
    return [name, { ...docker, ...job, steps }]
  })
  const entries = Object.entries(behaviours).map(([name, { entry = {} }]) => ({ [name]: entry }))
  // JSON is YAML, too.
  return JSON.stringify({
    version: 2.1,
    ...more,
    jobs: Object.fromEntries(jobs),
    workflows: { main: { jobs: entries } },
  })
}

/** A job that ended, as people see it. */
export class SeenJob {
  readonly view: JobView
  readonly client: ApiClient

  constructor(view: JobView, client: ApiClient) {
    this.view = view
    this.client = client
  }

  ran(node = 0): string[] {
    const steps = this.view.tasks[node]?.steps ?? []
    return steps.filter(({ step }) => step > 100).map(({ name, status, exitCode }) => `${name} ${status} ${exitCode}`)
  }

  /** The stored bytes of a step's log. */
  async log(name: string, node = 0, attempt = 0): Promise<string> {
    const step = this.view.tasks[node]?.steps.find((one) => one.name === name && one.attempt === attempt)
    if (!step) throw new Error(`no step ${JSON.stringify(name)} in ${this.view.name}: ${this.ran(node).join(', ')}`)
    return (await this.client.log(this.view.id, node, step.step, attempt)).toString()
  }

  /** A step's log without its first lines, the shell and the command; line ends as `\n`. */
  async output(name: string, node = 0, attempt = 0): Promise<string> {
    const step = this.view.tasks[node]?.steps.find((one) => one.name === name)
    const log = await this.log(name, node, attempt)
    if (!log.startsWith('#!')) return log.replaceAll('\r\n', '\n')
    // By lines and not by length: masked words of the command are shorter or longer than what they stand for.
    const lines = (step?.command ?? '').replace(/\n$/, '').split('\n').length + 1
    return log.split('\n').slice(lines).join('\n').replaceAll('\r\n', '\n')
  }
}

/** Holds a job against what is expected of it. */
export async function check(behaviour: Behaviour, seen: SeenJob): Promise<void> {
  const said: Record<string, string> = {}
  for (const name of Object.keys(behaviour.says ?? {})) said[name] = await seen.output(name).catch(String)
  const expected = Object.fromEntries(
    Object.entries(behaviour.says ?? {}).map(([name, text]) => [
      name,
      typeof text === 'string' ? text : expect.stringMatching(text),
    ]),
  )
  expect(said).toEqual(expected)
  if (behaviour.ran) expect(seen.ran()).toEqual(behaviour.ran)
  expect([seen.view.status, ...(behaviour.status ? [] : seen.ran())]).toEqual([
    behaviour.status ?? 'success',
    ...(behaviour.status ? [] : seen.ran()),
  ])
  await behaviour.more?.(seen)
}
