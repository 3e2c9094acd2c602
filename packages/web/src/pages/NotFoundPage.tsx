import { Link } from '@tanstack/react-router'
import { Empty } from '../components/Feedback.tsx'
import { useTitle } from '../components/useTitle.ts'

export function NotFoundPage() {
  useTitle('Not found')
  return (
    <Empty title="There is no page at this address">
      <p className="muted">
        <Link to="/">See all pipelines</Link>
      </p>
    </Empty>
  )
}
