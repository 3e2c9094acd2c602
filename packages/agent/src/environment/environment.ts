import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type JobSpec, type PlaceInfo, placePaths } from '@orrery/protocol'
import { findHome } from './home.ts'

/** What every step of a task starts from; a step adds its own `environment` on top. */
export interface TaskEnvironment {
  vars: Record<string, string>
  /** Those of `vars` that nobody but the image has set: what a step sets for later ones stands above them. */
  fromImage: ReadonlySet<string>
  /** HOME as steps see it, absolute. */
  home: string
}

export interface EnvironmentSource {
  spec: JobSpec
  place: PlaceInfo
  /** The agent's own environment, which is the image's. */
  own: NodeJS.ProcessEnv
  uid: number
  /** `CIRCLE_INTERNAL_TASK_DATA`. */
  data: string
}

/** PATH of images that set none. */
const plainPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Layers of the job spec that stand above the built-in variables. */
const aboveBuiltins: ReadonlySet<string> = new Set(['image', 'job'])

/**
 * The environment of the task's steps, lowest layer first (spec: execution.md 9.2): image, place, project, contexts,
 * built-ins, `docker[0].environment`, job. The variables that only the agent can know join the built-ins.
 */
export async function makeEnvironment(source: EnvironmentSource): Promise<TaskEnvironment> {
  const { spec, place, data } = source
  const image: Record<string, string> = await imageEnvironment(source)
  const bashEnv = bashEnvPath(spec.taskId, data)
  const builtins = { BASH_ENV: bashEnv, CIRCLE_SHELL_ENV: bashEnv, CIRCLE_INTERNAL_TASK_DATA: data }
  const below = spec.environment.filter((layer) => !aboveBuiltins.has(layer.source))
  const above = spec.environment.filter((layer) => aboveBuiltins.has(layer.source))
  const given: Record<string, string> = Object.assign(
    {},
    place.environment,
    ...below.map((layer) => layer.vars),
    builtins,
    ...above.map((layer) => layer.vars),
  )
  const vars = { ...image, ...given }
  const home = vars['HOME']?.startsWith('/') ? vars['HOME'] : (image['HOME'] ?? '/')
  return { vars, fromImage: new Set(Object.keys(image).filter((name) => !Object.hasOwn(given, name))), home }
}

/** TERM stays unset, so that programs know the terminal for what it is (9.1). */
async function imageEnvironment({ own, place, uid }: EnvironmentSource): Promise<Record<string, string>> {
  const { TERM: _, ...rest } = own
  const vars = Object.fromEntries(
    Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const helpers = join(placePaths.runtime, 'bin')
  return {
    ...vars,
    ...place.imageEnvironment,
    HOME: await findHome(own, uid),
    PATH: `${vars['PATH'] || plainPath}:${helpers}`,
  }
}

/** Need not exist until a step writes it (9.4); images without /tmp get it elsewhere. */
function bashEnvPath(taskId: string, data: string): string {
  const name = `.bash_env-${taskId}`
  return statSync('/tmp', { throwIfNoEntry: false })?.isDirectory() ? `/tmp/${name}` : join(data, name)
}
