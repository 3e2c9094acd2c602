/**
 * The contract between a runner's driver, the place it makes, and the agent inside it.
 *
 * In the place:
 * - `/orrery` read only: the runtime. `/orrery/rt/{ld.so,node,*.so*,pty.node}`, `/orrery/agent.mjs`,
 *   `/orrery/circleci.mjs` (the in-job helper), `/orrery/bin/{circleci,circleci-agent}` (shell wrappers of it).
 *   `/orrery/rt/hold` is a program that waits for ever: it keeps a network namespace. `/orrery/rt/launch` starts the steps'
 *   programs for the agent; where there is none, /bin/sh does.
 *   Start line: `/orrery/rt/ld.so --library-path /orrery/rt /orrery/rt/node /orrery/agent.mjs run /orrery-task`.
 *   With `/orrery/agent.blob`, the agent's heap with everything loaded, `--snapshot-blob /orrery/agent.blob` stands
 *   before `/orrery/agent.mjs`: the same program and the same arguments, sooner.
 *   The agent is the main process of the primary container (under the engine's init where there is one) and runs as
 *   the container's user, so files it makes belong to the step user.
 * - `/orrery-task` read and write, mode 0777, one per task: `gateway.sock` (the runner's end, see agent-api.ts),
 *   `place.json` (PlaceInfo), `spool/` (the agent's: log bytes and events, kept until acknowledged),
 *   `data/` (`CIRCLE_INTERNAL_TASK_DATA`), `tmp/` (archives on their way).
 *
 * A place that was started before its task is known has `wait` in place of `run`: the agent loads its parts, asks the
 * gateway's socket for its task (`GET /spec`) and waits. The answer is the task: from then on it is `run`. The end of the
 * connection before it means that nobody needs the place, or that the runner died: the agent exits with 0. No secret enters
 * the place before its task does.
 *
 * Exit codes of `agent.mjs run`: 0 = every event acknowledged, the task is over whatever its outcome; 70 = internal
 * fault; 75 = the server gave the task up (410). After any other end the runner starts `agent.mjs drain <dir>` on the
 * host: it sends what the spool still holds, closes running steps as `infrastructure_fail` and ends the task.
 */
import { z } from 'zod'

export const PlaceInfo = z.object({
  /** Ports of named service containers to forward from 127.0.0.1 (execution.md 4.4.5). */
  forwards: z.array(z.object({ host: z.string(), port: z.number().int().min(1).max(65535) })).default([]),
  /** Extra variables the runner hands to jobs (CA bundle, proxies); below every layer of the JobSpec. */
  environment: z.record(z.string(), z.string()).default({}),
  /** Those of `shieldedVariables` that the image sets: the agent is started without them, steps get them. */
  imageEnvironment: z.record(z.string(), z.string()).default({}),
})
export type PlaceInfo = z.infer<typeof PlaceInfo>

/**
 * `POST /place/remote-docker` at the gateway, answered by the runner itself: an engine for this task alone (execution.md
 * 6.1). 400 for a version that is not known or where the operator forbids it, 503 when it did not come up; the body
 * has `message` then. Asked again, it answers the same engine. `POST /place/remote-docker/end`, with an empty object: the
 * steps are over, the engine stops and leaves its layers in order; answered by RemoteDockerEnd.
 */
export const RemoteDockerRequest = z.object({
  version: z.string().default('default'),
  dockerLayerCaching: z.boolean().default(false),
})
export type RemoteDockerRequest = z.infer<typeof RemoteDockerRequest>

export const RemoteDockerAnswer = z.object({
  /** What `DOCKER_HOST` has to be for the later steps. */
  host: z.string(),
  /** Lines for the step's log. */
  text: z.string(),
})
export type RemoteDockerAnswer = z.infer<typeof RemoteDockerAnswer>

export const RemoteDockerEnd = z.object({ text: z.string() })
export type RemoteDockerEnd = z.infer<typeof RemoteDockerEnd>

/**
 * Variables that decide how Node and its loader start. An image may set them for its own programs; the agent and the
 * in-job helper bring a Node and a C library of their own, which such settings would keep from starting.
 */
export const shieldedVariables = [
  'LD_AUDIT',
  'LD_DEBUG',
  'LD_PRELOAD',
  'NODE_DEBUG',
  'NODE_ICU_DATA',
  'NODE_OPTIONS',
  'NODE_V8_COVERAGE',
  'OPENSSL_CONF',
] as const

/** Paths inside a place; fixed, because scripts and tests name them. */
export const placePaths = {
  runtime: '/orrery',
  task: '/orrery-task',
} as const
