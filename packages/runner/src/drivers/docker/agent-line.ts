import { placePaths } from '@orrery/protocol'
import { snapshotFile } from '../../runtime/snapshot.ts'

/**
 * The agent's start line inside a place (place.ts of the protocol). `snapshot`: from its snapshot, which is there with
 * everything loaded, instead of from its modules.
 */
export function agentLine(command: 'run' | 'wait', snapshot: boolean): string[] {
  const { runtime, task } = placePaths
  return [...nodeLine(snapshot), `${runtime}/agent.mjs`, command, task]
}

/** Where nothing is: an agent that waits there ends at once, with 0. */
const nowhere = '/orrery-nowhere'

/** A start that proves that the agent can start from its snapshot there. */
export const proofLine: readonly string[] = [...nodeLine(true), `${placePaths.runtime}/agent.mjs`, 'wait', nowhere]

/** The runtime's own Node in a place, whatever its image holds. */
export function nodeLine(snapshot: boolean): string[] {
  const { runtime } = placePaths
  const node = [`${runtime}/rt/ld.so`, '--library-path', `${runtime}/rt`, `${runtime}/rt/node`]
  return snapshot ? [...node, '--snapshot-blob', `${runtime}/${snapshotFile}`] : node
}
