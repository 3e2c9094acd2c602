import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { logPath } from '../api/queries.ts'
import { maxMatches } from '../log/search.ts'
import { loadWrap, saveWrap } from '../preferences.ts'
import { Icon } from './Icon.tsx'
import { LogText } from './LogRow.tsx'
import { LogToolbar } from './LogToolbar.tsx'
import { useLog, useLogFinder } from './useLog.ts'

const rowHeight = 20
/** As near to the end as this counts as at the end. */
const nearEnd = 12
/** A line wider than this (characters) is cut until asked for, so the scroll area need not be wider. */
const widestShown = 4100

export type LogViewProps = {
  jobId: string
  at: { task: number; step: number; attempt: number }
  label: string
  /** Begin at the end, and stay there while lines come. */
  fromEnd: boolean
  /** Lines that the address names. */
  target: { first: number; last: number } | null
  hrefOf: (line: number) => string
  onLine: (line: number, extend: boolean) => void
  /** The reader does something with this log, so it must not close by itself. */
  onTouched: () => void
}

/** One log: only the rows in view exist, so a hundred thousand lines cost no more than a hundred. */
export function LogView(props: LogViewProps) {
  const { store, version } = useLog(logPath(props.jobId, props.at, true))
  const model = store.model
  const finder = useLogFinder(store, version)
  const [wrap, setWrap] = useState(loadWrap)
  const scroller = useRef<HTMLElement>(null)
  const following = useRef(props.fromEnd && props.target === null)
  const [atEnd, setAtEnd] = useState(following.current)
  const shownTarget = useRef<number>(undefined)
  const virtual = useVirtualizer({
    count: model.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 24,
    paddingStart: 4,
    paddingEnd: 6,
  })
  const total = virtual.getTotalSize()

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there is more to see, the end is further down.
  useLayoutEffect(() => {
    if (following.current && scroller.current !== null) scroller.current.scrollTop = scroller.current.scrollHeight
  }, [version, total])

  const targetIndex = props.target === null ? undefined : props.target.first - model.dropped - 1
  // biome-ignore lint/correctness/useExhaustiveDependencies: the line may only arrive with a later version.
  useEffect(() => {
    if (targetIndex === undefined || shownTarget.current === targetIndex || targetIndex >= model.count) return
    shownTarget.current = targetIndex
    following.current = false
    virtual.scrollToIndex(Math.max(0, targetIndex), { align: 'center' })
  }, [targetIndex, version])

  function onScroll(): void {
    const element = scroller.current
    if (element === null) return
    const end = element.scrollHeight - element.scrollTop - element.clientHeight < nearEnd
    if (!end && following.current) props.onTouched()
    following.current = end
    setAtEnd(end)
  }

  function show(line: number): void {
    following.current = false
    virtual.scrollToIndex(line, { align: 'center' })
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new query leads to its first match by itself.
  useEffect(() => {
    if (finder.current !== null) show(finder.current.line)
  }, [finder.searched])

  return (
    <div className="log" data-wrap={wrap}>
      <LogToolbar
        state={store.state}
        lines={model.dropped + model.count}
        query={finder.query}
        onQuery={(query) => {
          finder.setQuery(query)
          props.onTouched()
        }}
        position={{ at: finder.at, of: finder.matches.length, capped: finder.matches.length >= maxMatches }}
        onStep={(by) => {
          const match = finder.step(by)
          if (match !== null) show(match.line)
        }}
        wrap={wrap}
        onWrap={() => {
          saveWrap(!wrap)
          setWrap(!wrap)
          virtual.measure()
        }}
        downloadUrl={logPath(props.jobId, props.at)}
      />
      {model.dropped > 0 && (
        <p className="log-dropped muted">
          The first {model.dropped.toLocaleString('en')} lines are too many to show; they are in the raw log.
        </p>
      )}
      <section
        ref={scroller}
        className="log-scroll"
        aria-label={`Log of ${props.label}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        onScroll={onScroll}
      >
        <div
          className="log-lines"
          style={{ height: total, width: wrap ? undefined : `calc(${Math.min(model.widest, widestShown)}ch + 6rem)` }}
        >
          {virtual.getVirtualItems().map((item) => {
            const number = model.dropped + item.index + 1
            const { target } = props
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={wrap ? virtual.measureElement : undefined}
                className="log-row"
                style={{ transform: `translateY(${item.start}px)` }}
                data-target={target !== null && number >= target.first && number <= target.last}
              >
                <a
                  className="log-number"
                  href={props.hrefOf(number)}
                  aria-label={`Link to line ${number}`}
                  onClick={(event) => {
                    if (event.ctrlKey || event.metaKey) return
                    event.preventDefault()
                    shownTarget.current = number - model.dropped - 1
                    props.onLine(number, event.shiftKey)
                  }}
                >
                  {number}
                </a>
                <LogText
                  model={model}
                  index={item.index}
                  line={model.line(item.index)}
                  matches={finder.matchesOf(item.index)}
                  current={finder.current}
                />
              </div>
            )
          })}
        </div>
      </section>
      {model.count === 0 && (
        <p className="log-empty muted">{store.state === 'ended' ? 'No output.' : 'No output yet.'}</p>
      )}
      {!atEnd && model.count > 0 && store.state !== 'ended' && (
        <button
          type="button"
          className="button small log-follow"
          onClick={() => {
            following.current = true
            setAtEnd(true)
            virtual.scrollToIndex(model.count - 1, { align: 'end' })
          }}
        >
          <Icon name="down" /> Follow
        </button>
      )}
    </div>
  )
}
