import type { PipelineView } from '@orrery/protocol'
import { shortRevision } from '../links.ts'
import { Icon } from './Icon.tsx'

/** Branch or tag, and the commit: the line under a subject. */
export function CommitMeta({ pipeline }: { pipeline: Pick<PipelineView, 'branch' | 'tag' | 'revision' | 'author'> }) {
  const name = pipeline.tag ?? pipeline.branch
  return (
    <span className="meta">
      {name !== null && (
        <span className="meta-item" title={pipeline.tag === null ? 'Branch' : 'Tag'}>
          <Icon name={pipeline.tag === null ? 'branch' : 'tag'} />
          <span className="ellipsis">{name}</span>
        </span>
      )}
      <span className="meta-item mono" title={pipeline.revision}>
        {shortRevision(pipeline.revision)}
      </span>
      {pipeline.author !== '' && <span className="meta-author ellipsis">{pipeline.author}</span>}
    </span>
  )
}
