import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { Test, toTest } from '../api-v2/test-result.ts'
import { setAccess } from '../auth/guard.ts'
import type { App } from '../http/app.ts'
import { artifactUrl } from '../private-api/artifact-address.ts'
import type { Services } from '../services.ts'

const Project = z.object({ vcs: z.string(), org: z.string(), name: z.string() })
const Build = Project.extend({ number: z.coerce.number().int().min(1) })
const Latest = z.object({
  branch: z.string().optional(),
  filter: z.enum(['completed', 'successful', 'failed', 'running']).default('completed'),
})
const Artifacts = z.array(
  z.object({ path: z.string(), pretty_path: z.string(), node_index: z.number().int(), url: z.string() }),
)

const Tests = z.object({ tests: z.array(Test) })

/** The lists of artifacts and tests that scripts read from API v1.1 (api.md 3.1). Bare JSON, no envelope. */
export async function v1Routes(app: App, services: Services): Promise<void> {
  setAccess(app, 'user')
  const { engine } = services

  app.get(
    '/project/:vcs/:org/:name/latest/artifacts',
    { schema: { params: Project, querystring: Latest, response: { 200: Artifacts } } },
    async (request) => {
      const { branch, filter } = request.query
      const id = await engine.latestJob(await projectId(request.params), {
        filter,
        ...(branch !== undefined && { branch }),
      })
      return artifactsOf(id)
    },
  )
  app.get(
    '/project/:vcs/:org/:name/:number/artifacts',
    { schema: { params: Build, response: { 200: Artifacts } } },
    async (request) => artifactsOf(await jobId(request.params)),
  )
  app.get(
    '/project/:vcs/:org/:name/:number/tests',
    { schema: { params: Build, response: { 200: Tests } } },
    async (request) => ({ tests: (await engine.jobTests(await jobId(request.params))).map(toTest) }),
  )

  async function jobId(build: z.infer<typeof Build>): Promise<string> {
    return (await engine.jobByNumber(await projectId(build), build.number)).id
  }

  async function projectId({ vcs, org, name }: z.infer<typeof Project>): Promise<string> {
    const project = await engine.projectBySlug(`${vcs}/${org}/${name}`)
    if (!project) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    return project.id
  }

  async function artifactsOf(jobId: string): Promise<z.infer<typeof Artifacts>> {
    return (await engine.jobArtifacts(jobId)).map(({ path, nodeIndex }) => ({
      path,
      pretty_path: path,
      node_index: nodeIndex,
      url: services.publicUrl() + artifactUrl(jobId, nodeIndex, path),
    }))
  }
}
