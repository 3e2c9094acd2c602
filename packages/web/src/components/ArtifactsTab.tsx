import type { ArtifactView } from '@orrery/protocol'
import { useQuery } from '@tanstack/react-query'
import { artifactsQuery, coverageQuery } from '../api/queries.ts'
import { formatBytes } from '../links.ts'
import { Empty, ErrorState, Skeleton } from './Feedback.tsx'
import { Icon } from './Icon.tsx'

/** The files a job has stored, by node and path. */
export function ArtifactsTab({ jobId, parallel }: { jobId: string; parallel: boolean }) {
  const query = useQuery(artifactsQuery(jobId))
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.data === undefined) return <Skeleton rows={4} height={36} />
  if (query.data.length === 0) {
    return (
      <Empty title="No artifacts">
        <p className="muted">
          A <code>store_artifacts</code> step keeps files of a job here.
        </p>
      </Empty>
    )
  }
  const sorted = query.data.toSorted((a, b) => a.nodeIndex - b.nodeIndex || a.path.localeCompare(b.path))
  return (
    <>
      <Coverage jobId={jobId} />
      <ul className="files" aria-label="Artifacts">
        {sorted.map((artifact) => (
          <ArtifactItem key={`${artifact.nodeIndex} ${artifact.path}`} artifact={artifact} parallel={parallel} />
        ))}
      </ul>
    </>
  )
}

/** Silent until something is known: most jobs store no coverage reports. */
function Coverage({ jobId }: { jobId: string }) {
  const { data } = useQuery(coverageQuery(jobId))
  if (data === undefined || data === null) return null
  const { lines, branches } = data
  return (
    <p className="tests-summary coverage num">
      Coverage: <strong>{share(lines)}</strong> of {lines.total.toLocaleString('en')} lines
      {branches.total > 0 && (
        <>
          , <strong>{share(branches)}</strong> of {branches.total.toLocaleString('en')} branches
        </>
      )}
    </p>
  )
}

/** Rounded down: 100% means all. */
function share({ covered, total }: { covered: number; total: number }): string {
  return total === 0 ? '–' : `${(Math.floor((covered / total) * 1000) / 10).toFixed(1)}%`
}

function ArtifactItem({ artifact, parallel }: { artifact: ArtifactView; parallel: boolean }) {
  const cut = artifact.path.lastIndexOf('/') + 1
  return (
    <li>
      <a className="file" href={artifact.url} target="_blank" rel="noreferrer">
        <Icon name="file" />
        <span className="file-path">
          <span className="muted">{artifact.path.slice(0, cut)}</span>
          {artifact.path.slice(cut)}
        </span>
        {parallel && <span className="tag num">{`node ${artifact.nodeIndex}`}</span>}
        <span className="num muted file-size">{formatBytes(artifact.size)}</span>
      </a>
    </li>
  )
}
