export { execute } from './store-test-results.ts'
