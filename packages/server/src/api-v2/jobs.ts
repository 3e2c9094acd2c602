import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import { artifactUrl } from '../private-api/artifact-address.ts'
import type { Services } from '../services.ts'
import { pageOf } from './schemas.ts'
import { Test, toTest } from './test-result.ts'

/** Clients send the slashes of a slug raw or as `%2F` (api.md 1.3). */
const Encoded = z.object({ slug: z.string(), number: z.coerce.number().int().min(1) })
const Raw = z.object({ vcs: z.string(), org: z.string(), name: z.string(), number: z.coerce.number().int().min(1) })

const Artifact = z.object({ path: z.string(), node_index: z.number().int(), url: z.string() })
/** What a job left: `GET /project/:slug/:number/{artifacts,tests}` (api.md 2.3). One page is also the last. */
export async function jobDataRoutes(app: App, services: Services): Promise<void> {
  const { engine } = services
  const artifacts = { response: { 200: pageOf(Artifact) } }
  const tests = { response: { 200: pageOf(Test) } }
  app.get('/project/:slug/:number/artifacts', { schema: { params: Encoded, ...artifacts } }, async (request) =>
    page(await artifactsOf(request.params.slug, request.params.number)),
  )
  app.get('/project/:vcs/:org/:name/:number/artifacts', { schema: { params: Raw, ...artifacts } }, async (request) =>
    page(await artifactsOf(slugOf(request.params), request.params.number)),
  )
  app.get('/project/:slug/:number/tests', { schema: { params: Encoded, ...tests } }, async (request) =>
    page(await testsOf(request.params.slug, request.params.number)),
  )
  app.get('/project/:vcs/:org/:name/:number/tests', { schema: { params: Raw, ...tests } }, async (request) =>
    page(await testsOf(slugOf(request.params), request.params.number)),
  )

  async function jobId(slug: string, number: number): Promise<string> {
    const project = await engine.projectBySlug(slug)
    if (!project) throw new OrreryError('ORY_NOT_FOUND', ['Project'])
    return (await engine.jobByNumber(project.id, number)).id
  }

  async function artifactsOf(slug: string, number: number): Promise<z.infer<typeof Artifact>[]> {
    const id = await jobId(slug, number)
    return (await engine.jobArtifacts(id)).map(({ path, nodeIndex }) => ({
      path,
      node_index: nodeIndex,
      url: services.publicUrl() + artifactUrl(id, nodeIndex, path),
    }))
  }

  async function testsOf(slug: string, number: number): Promise<Test[]> {
    return (await engine.jobTests(await jobId(slug, number))).map(toTest)
  }
}

function slugOf({ vcs, org, name }: { vcs: string; org: string; name: string }): string {
  return `${vcs}/${org}/${name}`
}

function page<T>(items: T[]): { items: T[]; next_page_token: null } {
  return { items, next_page_token: null }
}
