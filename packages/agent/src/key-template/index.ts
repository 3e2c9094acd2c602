export { renderStepKey } from './step-key.ts'
