import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { Shell } from './components/Shell.tsx'
import { NotFoundPage } from './pages/NotFoundPage.tsx'
import { PipelinesPage } from './pages/PipelinesPage.tsx'

export type PipelinesSearch = { project?: string; branch?: string }
export type JobSearch = { tab?: 'tests' | 'artifacts'; node?: number; step?: number; attempt?: number }

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

/** Leaves out what is undefined, so that it does not stand in the address. */
function compact<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T
}

function pipelinesSearch(search: Record<string, unknown>): PipelinesSearch {
  return compact<PipelinesSearch>({ project: text(search['project']), branch: text(search['branch']) })
}

function jobSearch(search: Record<string, unknown>): JobSearch {
  const tab = search['tab']
  return compact<JobSearch>({
    tab: tab === 'tests' || tab === 'artifacts' ? tab : undefined,
    node: count(search['node']),
    step: count(search['step']),
    attempt: count(search['attempt']),
  })
}

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })
const under = { getParentRoute: () => rootRoute }

const homeRoute = createRoute({ ...under, path: '/', validateSearch: pipelinesSearch, component: PipelinesPage })
const pipelinesRoute = createRoute({
  ...under,
  path: '/pipelines',
  validateSearch: pipelinesSearch,
  component: PipelinesPage,
})
const projectRoute = createRoute({
  ...under,
  path: '/pipelines/$vcs/$org/$project',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/pipelines', search: { project: `${params.vcs}/${params.org}/${params.project}` } })
  },
})
const pipelineRoute = createRoute({
  ...under,
  path: '/pipelines/$vcs/$org/$project/$number',
  component: lazyRouteComponent(() => import('./pages/PipelinePage.tsx'), 'PipelinePage'),
})
const pipelineByIdRoute = createRoute({
  ...under,
  path: '/pipeline/$pipelineId',
  component: lazyRouteComponent(() => import('./pages/PipelinePage.tsx'), 'PipelineByIdPage'),
})
const workflowRoute = createRoute({
  ...under,
  path: '/pipelines/$vcs/$org/$project/$number/workflows/$workflowId',
  component: lazyRouteComponent(() => import('./pages/WorkflowPage.tsx'), 'WorkflowPage'),
})
const workflowByIdRoute = createRoute({
  ...under,
  path: '/workflow/$workflowId',
  component: lazyRouteComponent(() => import('./pages/WorkflowPage.tsx'), 'WorkflowPage'),
})
const jobByNumberRoute = createRoute({
  ...under,
  path: '/pipelines/$vcs/$org/$project/$number/workflows/$workflowId/jobs/$jobNumber',
  validateSearch: jobSearch,
  component: lazyRouteComponent(() => import('./pages/JobByNumberPage.tsx'), 'JobByNumberPage'),
})
const jobRoute = createRoute({
  ...under,
  path: '/workflow/$workflowId/job/$jobId',
  validateSearch: jobSearch,
  component: lazyRouteComponent(() => import('./pages/JobPage.tsx'), 'JobPage'),
})
const loginRoute = createRoute({
  ...under,
  path: '/login',
  beforeLoad: () => {
    // Only reached when logged in already: else the shell shows the form instead of any page.
    throw redirect({ to: '/' })
  },
})

const routeTree = rootRoute.addChildren([
  homeRoute,
  pipelinesRoute,
  projectRoute,
  pipelineRoute,
  pipelineByIdRoute,
  workflowRoute,
  workflowByIdRoute,
  jobByNumberRoute,
  jobRoute,
  loginRoute,
])

export function createAppRouter() {
  return createRouter({ routeTree, scrollRestoration: true, defaultPreload: false })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
