export { buildWeb, webConfig } from './build.ts'
