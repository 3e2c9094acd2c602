import { post } from './client.ts'

const id = encodeURIComponent

export async function logIn(token: string): Promise<void> {
  await post('/api/private/login', { token })
}

export async function cancelWorkflow(workflowId: string): Promise<void> {
  await post(`/api/v2/workflow/${id(workflowId)}/cancel`)
}

export async function approve(workflowId: string, requestId: string): Promise<void> {
  await post(`/api/v2/workflow/${id(workflowId)}/approve/${id(requestId)}`)
}

export async function cancelJob(jobId: string): Promise<void> {
  await post(`/api/v2/jobs/${id(jobId)}/cancel`)
}

/** What to run again: what failed and what waited for it, only its failed tests, one job that is open for SSH, or everything. */
export type RerunScope =
  | { from_failed: true }
  | { failed_tests: true }
  | { jobs: [string]; enable_ssh: true }
  | Record<string, never>

/** Answers the id of the new workflow. */
export async function rerun(workflowId: string, scope: RerunScope): Promise<string> {
  const answer = await post<{ workflow_id: string }>(`/api/v2/workflow/${id(workflowId)}/rerun`, scope)
  return answer.workflow_id
}

export async function logOut(): Promise<void> {
  await post('/api/private/logout')
}
