import type { StepView } from '@orrery/protocol'
import { useId } from 'react'
import { statusInfo } from '../status.ts'
import { Icon } from './Icon.tsx'
import type { LogViewProps } from './LogView.tsx'
import { LogView } from './LogView.tsx'
import { StatusMark } from './Status.tsx'
import { Duration } from './Time.tsx'

export type StepItemProps = {
  step: StepView
  open: boolean
  onToggle: () => void
  log: Pick<LogViewProps, 'jobId' | 'target' | 'hrefOf' | 'onLine' | 'onTouched'> & { task: number }
}

/** A number for each attempt of each step, stable for the life of the job. */
export function stepKey(step: Pick<StepView, 'step' | 'attempt'>): string {
  return `${step.step}.${step.attempt}`
}

/** One line of the list of steps; open, it has the command and the log below. */
export function StepItem({ step, open, onToggle, log }: StepItemProps) {
  const bodyId = useId()
  const { tone } = statusInfo(step.status)
  const { task, ...logProps } = log
  return (
    <li className="step" data-tone={tone} data-open={open} data-step={stepKey(step)}>
      <h3 className="step-head">
        <button type="button" aria-expanded={open} aria-controls={bodyId} onClick={onToggle}>
          <Icon name="chevron" className="step-chevron" />
          <StatusMark status={step.status} />
          <span className="step-name ellipsis">{step.name}</span>
          {step.attempt > 0 && <span className="tag num">{`rerun ${step.attempt}`}</span>}
          {step.background && <span className="tag">background</span>}
          {step.insignificant && tone === 'failed' && <span className="tag">does not fail the job</span>}
          {step.exitCode !== null && step.exitCode !== 0 && <span className="tag num">{`exit ${step.exitCode}`}</span>}
          <Duration from={step.startedAt} to={step.endedAt} />
        </button>
      </h3>
      {open && (
        <div id={bodyId} className="step-body">
          {step.hint !== null && (
            <p className="step-hint">
              <Icon name="help" /> {step.hint}
            </p>
          )}
          {step.command !== null && <StepCommand command={step.command} />}
          {step.origin.length > 0 && (
            <p className="step-origin muted">
              {step.origin.map((place) => (
                <span key={`${place.file}:${place.line}:${place.column}`} title={place.what}>
                  <code>{`${place.file}:${place.line}`}</code>
                </span>
              ))}
            </p>
          )}
          <LogView
            {...logProps}
            at={{ task, step: step.step, attempt: step.attempt }}
            label={step.name}
            fromEnd={step.status !== 'success'}
          />
        </div>
      )}
    </li>
  )
}

const shownLines = 6

/** The command; a long one is folded. */
function StepCommand({ command }: { command: string }) {
  const lines = command.trimEnd().split('\n')
  if (lines.length <= shownLines) return <pre className="step-command">{lines.join('\n')}</pre>
  return (
    <details className="step-command">
      <summary>
        <code>{lines[0]}</code>
        <span className="muted">{`and ${lines.length - 1} more lines`}</span>
      </summary>
      <pre>{lines.join('\n')}</pre>
    </details>
  )
}
