export { execute } from './persist-to-workspace.ts'
