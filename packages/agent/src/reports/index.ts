export { decodeXml } from './decode-xml.ts'
export { clip, repoPath } from './fields.ts'
export { isReportName, readReport, reportLimits } from './read-report.ts'
export { trimText } from './trim-text.ts'
