export { glob } from './glob.ts'
