import type { Actor, TaskLease } from '@orrery/engine'
import { OrreryError } from '@orrery/protocol'
import type { FastifyRequest } from 'fastify'

/** The person behind the request. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.principal?.kind !== 'user') throw new OrreryError('ORY_FORBIDDEN')
  return { login: request.principal.login }
}

/** The claim behind the request; a token of one task opens no other. */
export function leaseOf(request: FastifyRequest, taskId: string): TaskLease {
  if (request.principal?.kind !== 'task' || request.principal.taskId !== taskId) throw new OrreryError('ORY_FORBIDDEN')
  return { taskId, epoch: request.principal.epoch }
}
