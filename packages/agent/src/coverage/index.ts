export { isCoverageName, readCoverage } from './read-coverage.ts'
