import type { LogState } from '../log/store.ts'
import { Icon } from './Icon.tsx'

export type LogToolbarProps = {
  state: LogState
  lines: number
  query: string
  onQuery: (query: string) => void
  /** Which match of how many; `capped` when there are more than were counted. */
  position: { at: number; of: number; capped: boolean }
  onStep: (by: 1 | -1) => void
  wrap: boolean
  onWrap: () => void
  downloadUrl: string
}

const stateText: Readonly<Record<LogState, string>> = {
  waiting: 'Waiting…',
  reading: 'Live',
  lost: 'Reconnecting…',
  ended: '',
}

/** Search, wrap and download of one log. */
export function LogToolbar(props: LogToolbarProps) {
  const { position } = props
  return (
    <div className="log-toolbar">
      <search className="log-search">
        <Icon name="search" />
        <input
          type="text"
          data-log-search
          aria-label="Search in this log"
          placeholder="Search  /"
          value={props.query}
          spellCheck={false}
          onChange={(event) => props.onQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') props.onStep(event.shiftKey ? -1 : 1)
            else if (event.key === 'Escape') {
              props.onQuery('')
              event.currentTarget.closest('.log')?.querySelector<HTMLElement>('.log-scroll')?.focus()
            } else return
            event.preventDefault()
          }}
        />
        {props.query !== '' && (
          <>
            <span className="num muted nowrap" role="status">
              {position.of === 0 ? 'none' : `${position.at + 1} of ${position.of}${position.capped ? '+' : ''}`}
            </span>
            <button type="button" className="icon-button" aria-label="Match before" onClick={() => props.onStep(-1)}>
              <Icon name="up" />
            </button>
            <button type="button" className="icon-button" aria-label="Next match" onClick={() => props.onStep(1)}>
              <Icon name="down" />
            </button>
          </>
        )}
      </search>
      <span className="log-info muted num">
        {stateText[props.state] !== '' && (
          <span className="log-state" data-state={props.state}>
            {stateText[props.state]}
          </span>
        )}
        {props.lines.toLocaleString('en')} {props.lines === 1 ? 'line' : 'lines'}
      </span>
      <button
        type="button"
        className="icon-button"
        aria-pressed={props.wrap}
        aria-label="Wrap long lines"
        title="Wrap long lines"
        onClick={props.onWrap}
      >
        <Icon name="wrap" />
      </button>
      <a
        className="icon-button"
        href={props.downloadUrl}
        download
        aria-label="Download the raw log"
        title="Download the raw log"
      >
        <Icon name="download" />
      </a>
    </div>
  )
}
