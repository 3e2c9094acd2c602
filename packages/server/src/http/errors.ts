import { OrreryError } from '@orrery/protocol'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { App } from './app.ts'

/** What people and programs read when something went wrong. */
export const ErrorBody = z.object({ message: z.string(), code: z.string(), help: z.string() })

/**
 * The one place where an error becomes an answer: `{message, code, help}`. Whatever is not an error of the catalogue is
 * our own fault: people get the request id, the log gets the rest.
 */
export function addErrorHandler(app: App): void {
  app.setErrorHandler((error: FastifyError, request, reply) => answer(forPeople(error, request), reply))
  app.setNotFoundHandler((request, reply) => answer(new OrreryError('ORY_NOT_FOUND', [pathOf(request)]), reply))
}

function answer(error: OrreryError | TooMany, reply: FastifyReply) {
  return reply.code(error.status).send({ message: error.message, code: error.code, help: error.help })
}

type TooMany = z.infer<typeof ErrorBody> & { status: 429 }

function forPeople(error: FastifyError, request: FastifyRequest): OrreryError | TooMany {
  if (error instanceof OrreryError) {
    if (error.status >= 500) request.log.error({ err: error }, error.message)
    return error
  }
  if (hasZodFastifySchemaValidationErrors(error)) return new OrreryError('ORY_BAD_REQUEST', [firstIssue(error)])
  if (error.statusCode === 429) {
    return {
      status: 429,
      code: 'ORY_RATE_LIMIT',
      message: 'Rate limit exceeded.',
      help: 'Wait a minute and try again.',
    }
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new OrreryError('ORY_TOO_LARGE', ['the request body', 'allowed'])
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new OrreryError('ORY_BAD_REQUEST', [error.message])
  }
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    request.log.error({ err: error }, 'the disk is full')
    return new OrreryError('ORY_DISK_FULL')
  }
  request.log.error({ err: error }, 'unexpected error')
  return new OrreryError('ORY_INTERNAL')
}

/** `body.branch: Invalid input: expected string, received number` */
function firstIssue(error: {
  validationContext?: string
  validation: { instancePath: string; message?: string }[]
}): string {
  const issue = error.validation[0]
  const field = (issue?.instancePath ?? '').replaceAll('/', '.').replace(/^\./, '')
  return `${[error.validationContext, field].filter(Boolean).join('.')}: ${issue?.message ?? 'is not valid'}`
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
