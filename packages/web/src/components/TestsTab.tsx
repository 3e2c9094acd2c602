import type { JobView, TestView } from '@orrery/protocol'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { testsQuery } from '../api/queries.ts'
import { formatDuration } from '../time.ts'
import { Empty, ErrorState, Skeleton } from './Feedback.tsx'
import { StatusMark } from './Status.tsx'
import { RerunButton } from './WorkflowActions.tsx'

const pageSize = 200

function isBroken(test: TestView): boolean {
  return test.result === 'failure' || test.result === 'error'
}

const order = { failure: 0, error: 0, skipped: 1, success: 2 } as const
const statusOf = { failure: 'failed', error: 'error', skipped: 'not_run', success: 'success' } as const

/** Test results: what failed first, with its message; then the rest, slowest first. */
export function TestsTab({ job }: { job: JobView }) {
  const parallel = job.parallelism > 1
  const query = useQuery(testsQuery(job.id))
  const [shown, setShown] = useState(pageSize)
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.data === undefined) return <Skeleton rows={4} height={36} />
  if (query.data.length === 0) {
    return (
      <Empty title="No test results">
        <p className="muted">
          A <code>store_test_results</code> step reads JUnit XML files and shows them here.
        </p>
      </Empty>
    )
  }
  const tests = query.data.toSorted((a, b) => order[a.result] - order[b.result] || b.runTime - a.runTime)
  const failed = tests.filter(isBroken).length
  const skipped = tests.filter((test) => test.result === 'skipped').length
  const flaky = tests.filter((test) => test.flaky).length
  const seconds = tests.reduce((sum, test) => sum + test.runTime, 0)
  return (
    <>
      <p className="tests-summary num">
        <strong>{failed}</strong> failed · <strong>{skipped}</strong> skipped ·{' '}
        <strong>{tests.length - failed - skipped}</strong> passed
        {flaky > 0 && (
          <>
            {' '}
            · <strong>{flaky}</strong> flaky
          </>
        )}
        <span className="muted"> in {formatDuration(seconds * 1000)}</span>
      </p>
      {failed > 0 && job.workflow.status === 'failed' && (
        <p className="tests-summary">
          <RerunButton workflow={job.workflow} scope={{ failed_tests: true }} label="Rerun failed tests" />
        </p>
      )}
      <ul className="tests" aria-label="Tests">
        {tests.slice(0, shown).map((test, index) => (
          <TestItem key={String(index)} test={test} parallel={parallel} />
        ))}
      </ul>
      {tests.length > shown && (
        <button type="button" className="button more" onClick={() => setShown(shown + 5 * pageSize)}>
          {`Show more of ${tests.length.toLocaleString('en')} tests`}
        </button>
      )}
    </>
  )
}

function TestItem({ test, parallel }: { test: TestView; parallel: boolean }) {
  const broken = isBroken(test)
  return (
    <li className="test" data-tone={broken ? 'failed' : undefined}>
      <div className="test-head">
        <StatusMark status={statusOf[test.result]} />
        <span className="test-name">
          {test.name}
          <span className="muted"> {test.classname}</span>
        </span>
        {test.file !== undefined && <code className="muted">{test.file}</code>}
        {test.flaky && (
          <span className="tag" title="It passed and failed on the same commit within 14 days">
            flaky
          </span>
        )}
        {parallel && <span className="tag num">{`node ${test.nodeIndex}`}</span>}
        <span className="num muted">{testTime(test.runTime)}</span>
      </div>
      {test.message !== '' &&
        (broken ? <pre className="excerpt">{test.message}</pre> : <p className="muted">{test.message}</p>)}
    </li>
  )
}

/** Tests are short: `0.04s`, `1.52s`, then as any duration. */
function testTime(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(2)}s` : formatDuration(seconds * 1000)
}
