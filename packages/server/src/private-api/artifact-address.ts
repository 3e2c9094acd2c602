/** Path of an artifact on this server; each part of its name is encoded, so that names hold any character. */
export function artifactUrl(jobId: string, nodeIndex: number, path: string): string {
  return `/api/private/jobs/${jobId}/artifacts/${nodeIndex}/${path.split('/').map(encodeURIComponent).join('/')}`
}
