import type { ReactNode } from 'react'
import { ApiError } from '../api/client.ts'
import { Icon } from './Icon.tsx'

/** Grey bars in the shape of what is coming. */
export function Skeleton({ rows = 6, height = 64 }: { rows?: number; height?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={String(row)} className="skeleton-row" style={{ height }} />
      ))}
    </div>
  )
}

/** What went wrong, what to do, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const help = error instanceof ApiError ? error.help : undefined
  return (
    <div className="notice" data-tone="failed" role="alert">
      <Icon name="warning" />
      <div>
        <p className="notice-title">{error.message}</p>
        {help !== undefined && <p className="muted">{help}</p>}
      </div>
      {onRetry !== undefined && (
        <button type="button" className="button" onClick={onRetry}>
          <Icon name="rerun" /> Try again
        </button>
      )}
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  )
}
