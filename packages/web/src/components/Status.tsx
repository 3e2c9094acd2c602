import type { AnyStatus } from '../status.ts'
import { statusInfo } from '../status.ts'
import { Icon } from './Icon.tsx'

/** Icon and word in a coloured pill. */
export function StatusPill({ status }: { status: AnyStatus }) {
  const info = statusInfo(status)
  return (
    <span className="pill" data-tone={info.tone}>
      <Icon name={info.icon} className={info.icon === 'spinner' ? 'spin' : ''} />
      {info.label}
    </span>
  )
}

/** The round mark alone; the word is there for those who do not see it. */
export function StatusMark({ status }: { status: AnyStatus }) {
  const info = statusInfo(status)
  return (
    <span className="status-mark" data-tone={info.tone} title={info.label}>
      <Icon name={info.icon} className={info.icon === 'spinner' ? 'spin' : ''} />
      <span className="sr-only">{info.label}</span>
    </span>
  )
}
