export { execute } from './store-artifacts.ts'
