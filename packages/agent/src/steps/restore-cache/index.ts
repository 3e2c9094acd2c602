export { execute } from './restore-cache.ts'
