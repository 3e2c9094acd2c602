import type {
  ArtifactView,
  CoverageView,
  FileCoverage,
  JobView,
  Me,
  PipelineView,
  ProjectView,
  TestView,
  UserKeyView,
  WorkflowView,
} from '@orrery/protocol'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { ApiError, get } from './client.ts'

const id = encodeURIComponent
const pageSize = 30

export type PipelinePage = { items: PipelineView[]; next: string | null }

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => get<Me>('/me', signal) })

/** The person's own keys for SSH into jobs. */
export const sshKeysQuery = queryOptions({
  queryKey: ['ssh-keys'],
  queryFn: ({ signal }) => get<{ items: UserKeyView[] }>('/me/ssh-keys', signal),
  select: (answer) => answer.items,
})

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => get<{ items: ProjectView[] }>('/projects', signal),
  select: (answer) => answer.items,
})

/** Newest first, a page at a time; `project` and `branch` narrow the list. */
export function pipelinesQuery(project: string | undefined, branch: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['pipelines', project ?? '', branch ?? ''],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const search = new URLSearchParams({ limit: String(pageSize) })
      if (project !== undefined) search.set('project', project)
      if (branch !== undefined) search.set('branch', branch)
      if (pageParam !== '') search.set('before', pageParam)
      return get<PipelinePage>(`/pipelines?${search}`, signal)
    },
    getNextPageParam: (page: PipelinePage) => page.next,
  })
}

export function pipelineQuery(pipelineId: string) {
  return queryOptions({
    queryKey: ['pipeline', pipelineId],
    queryFn: ({ signal }) => get<PipelineView>(`/pipelines/${id(pipelineId)}`, signal),
  })
}

/** A pipeline by project and number: the first one below number + 1. */
export function pipelineByNumberQuery(project: string, number: number) {
  return queryOptions({
    queryKey: ['pipeline', project, number],
    queryFn: async ({ signal }) => {
      const search = new URLSearchParams({ project, before: String(number + 1), limit: '1' })
      const page = await get<PipelinePage>(`/pipelines?${search}`, signal)
      const found = page.items[0]
      if (found === undefined || found.number !== number) {
        throw new ApiError(404, `Pipeline ${number} of ${project} not found.`, 'Check the address.')
      }
      return found
    },
  })
}

export function workflowQuery(workflowId: string) {
  return queryOptions({
    queryKey: ['workflow', workflowId],
    queryFn: ({ signal }) => get<WorkflowView>(`/workflows/${id(workflowId)}`, signal),
  })
}

export function jobQuery(jobId: string) {
  return queryOptions({
    queryKey: ['job', jobId],
    queryFn: ({ signal }) => get<JobView>(`/jobs/${id(jobId)}`, signal),
  })
}

export function artifactsQuery(jobId: string) {
  return queryOptions({
    queryKey: ['job', jobId, 'artifacts'],
    queryFn: ({ signal }) => get<{ items: ArtifactView[] }>(`/jobs/${id(jobId)}/artifacts`, signal),
    select: (answer) => answer.items,
  })
}

export function testsQuery(jobId: string) {
  return queryOptions({
    queryKey: ['job', jobId, 'tests'],
    queryFn: ({ signal }) => get<{ items: TestView[] }>(`/jobs/${id(jobId)}/tests`, signal),
    select: (answer) => answer.items,
  })
}

interface CoverageAnswer {
  items: CoverageView[]
  summary: Omit<FileCoverage, 'file'>
}

/** What the coverage reports among the artifacts of a job say together; null without any. */
export function coverageQuery(jobId: string) {
  return queryOptions({
    queryKey: ['job', jobId, 'coverage'],
    queryFn: ({ signal }) => get<CoverageAnswer>(`/jobs/${id(jobId)}/coverage`, signal),
    select: ({ items, summary }) => (items.length === 0 ? null : summary),
  })
}

/** Where the log of one attempt of a step is; `stream` for the live form. */
export function logPath(jobId: string, at: { task: number; step: number; attempt: number }, stream = false): string {
  const search = new URLSearchParams({ task: String(at.task), step: String(at.step), attempt: String(at.attempt) })
  return `/api/private/jobs/${id(jobId)}/log${stream ? '/stream' : ''}?${search}`
}
