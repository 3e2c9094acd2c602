import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import type { App } from '../http/app.ts'
import { optionalBody } from '../http/json-body.ts'
import type { Services } from '../services.ts'
import { forbidsSsh } from '../settings.ts'
import { jobAnswer, workflowAnswer } from './answers.ts'
import { Message, pageOf, Workflow, WorkflowJob } from './schemas.ts'

const Id = z.object({ id: z.uuid() })
const Approval = Id.extend({ requestId: z.uuid() })
const Rerun = optionalBody(
  z
    .object({
      from_failed: z.boolean().default(false),
      jobs: z.array(z.uuid()).min(1).max(1000).optional(),
      enable_ssh: z.boolean().optional(),
      sparse_tree: z.boolean().optional(),
      /** Ours: the web app's "Rerun failed tests" (platform.md 8); no other API of the format offers it. */
      failed_tests: z.boolean().default(false),
    })
    .refine(
      (body) => !((body.from_failed || body.failed_tests) && body.jobs),
      'from_failed and jobs exclude each other',
    )
    .refine((body) => body.jobs || !(body.enable_ssh || body.sparse_tree), 'enable_ssh and sparse_tree need jobs'),
)
const accepted = { message: 'Accepted.' }

export async function workflowRoutes(app: App, services: Services): Promise<void> {
  const { engine } = services

  app.get('/workflow/:id', { schema: { params: Id, response: { 200: Workflow } } }, async (request) => {
    const view = await engine.workflow(request.params.id)
    return workflowAnswer(view, view.pipeline)
  })
  app.get('/workflow/:id/job', { schema: { params: Id, response: { 200: pageOf(WorkflowJob) } } }, async (request) => {
    const view = await engine.workflow(request.params.id)
    return { items: view.jobs.map((job) => jobAnswer(job, view.pipeline.projectSlug)), next_page_token: null }
  })

  app.post('/workflow/:id/cancel', { schema: { params: Id, response: { 202: Message } } }, async (request, reply) => {
    await engine.cancelWorkflow(request.params.id, actorOf(request))
    return reply.code(202).send(accepted)
  })
  app.post(
    '/workflow/:id/approve/:requestId',
    { schema: { params: Approval, response: { 202: Message } } },
    async (request, reply) => {
      const { id, requestId } = request.params
      await engine.approve(id, requestId, actorOf(request)).catch(conflictAsBadRequest)
      return reply.code(202).send(accepted)
    },
  )
  app.post(
    '/workflow/:id/rerun',
    { schema: { params: Id, body: Rerun, response: { 202: z.object({ workflow_id: z.uuid() }) } } },
    async (request, reply) => {
      const { from_failed: fromFailed, failed_tests: failedTests, jobs, enable_ssh: ssh } = request.body
      if (ssh) await refuseSsh(services, request.params.id)
      const rerun = { fromFailed, failedTests, ...(jobs && { jobs }), ...(ssh && { ssh }) }
      const workflowId = await engine.rerunWorkflow(request.params.id, rerun, actorOf(request))
      return reply.code(202).send({ workflow_id: workflowId })
    },
  )

  app.post('/jobs/:id/cancel', { schema: { params: Id, response: { 200: Message } } }, async (request) => {
    await engine.cancelJob(request.params.id, actorOf(request))
    return { message: 'Job cancelled successfully.' }
  })
}

/** Throws ORY_SSH_OFF where the operator or the project has closed jobs to people (spec: platform.md 8). */
async function refuseSsh({ engine, noSsh }: Services, workflowId: string): Promise<void> {
  const { projectSlug } = (await engine.workflow(workflowId)).pipeline
  const project = await engine.projectBySlug(projectSlug)
  const isOff = project !== null && (await engine.projectSettings(project.id)).disableSsh
  if (isOff || forbidsSsh(noSsh, projectSlug)) throw new OrreryError('ORY_SSH_OFF', [projectSlug])
}

/** A second approval answers 400 in this API (api.md 2.2). */
function conflictAsBadRequest(error: unknown): never {
  if (error instanceof OrreryError && error.code === 'ORY_CONFLICT') {
    throw new OrreryError('ORY_BAD_REQUEST', [error.message], { cause: error })
  }
  throw error
}
