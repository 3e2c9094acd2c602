export type { CommitRun } from './pipelines/pipelines.ts'
export type { NewProject } from './projects.ts'
export { createServer, type ListenAddress, type Server } from './server.ts'
export type { Clock, ServerSettings } from './settings.ts'
