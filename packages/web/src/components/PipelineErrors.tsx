import type { PipelineError } from '@orrery/protocol'
import { Icon } from './Icon.tsx'

/** `.circleci/config.yml:12:5`, as far as it is known; null without a file. */
function errorPlace(error: PipelineError): string | null {
  if (error.file === undefined) return null
  return [error.file, error.line, error.line === undefined ? undefined : error.column]
    .filter((part) => part !== undefined)
    .join(':')
}

/** The first error in one line, for a row of the list. */
export function FirstError({ errors }: { errors: readonly PipelineError[] }) {
  const first = errors[0]
  if (first === undefined) return null
  const place = errorPlace(first)
  return (
    <p className="row-error" data-tone="failed">
      <Icon name="warning" className="row-error-icon" />
      {place !== null && <code>{place}</code>}
      <span className="ellipsis">{first.message}</span>
      {errors.length > 1 && <span className="muted nowrap">and {errors.length - 1} more</span>}
    </p>
  )
}

/** Every error with its place, the source lines and what to do. */
export function PipelineErrors({ errors }: { errors: readonly PipelineError[] }) {
  return (
    <ul className="errors" aria-label="Errors">
      {errors.map((error) => {
        const place = errorPlace(error)
        return (
          <li key={`${place ?? ''} ${error.code ?? ''} ${error.message}`} className="error-card" data-tone="failed">
            <p className="error-head">
              <Icon name="warning" className="error-head-icon" />
              <strong>{error.message}</strong>
              {error.code !== undefined && <span className="tag num">{error.code}</span>}
            </p>
            {place !== null && <code className="error-place">{place}</code>}
            {error.excerpt !== undefined && <pre className="excerpt">{error.excerpt}</pre>}
            {error.hint !== undefined && <p className="error-hint">{error.hint}</p>}
          </li>
        )
      })}
    </ul>
  )
}
