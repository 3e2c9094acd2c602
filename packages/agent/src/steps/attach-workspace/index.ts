export { execute } from './attach-workspace.ts'
