export { execute } from './save-cache.ts'
