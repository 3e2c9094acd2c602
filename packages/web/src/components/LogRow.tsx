import { memo, useState } from 'react'
import type { LogModel } from '../log/model.ts'
import type { Match } from '../log/search.ts'
import { markSegments } from '../log/search.ts'

/** Browsers lay out very long lines slowly; the rest is shown on request. */
const shownChars = 4000

type RowProps = {
  model: LogModel
  index: number
  /** The line as an object: a new one means new text. */
  line: unknown
  matches: readonly Match[]
  current: Match | null
}

/** The text of one line: coloured stretches, with matches marked. */
export const LogText = memo(function LogText({ model, index, matches, current }: RowProps) {
  const [whole, setWhole] = useState(false)
  const segments = model.segments(index)
  const length = model.line(index)?.text.length ?? 0
  const cut = !whole && length > shownChars
  let left = cut ? shownChars : length
  return (
    <span className="log-text">
      {markSegments(segments, matches).map((segment, position) => {
        const text = segment.text.slice(0, left)
        left -= text.length
        if (text === '') return null
        const key = String(position)
        if (segment.match !== null) {
          return (
            <mark key={key} className={segment.style.className} data-current={segment.match === current}>
              {text}
            </mark>
          )
        }
        if (segment.style.className === '' && segment.style.css === undefined) return text
        return (
          <span key={key} className={segment.style.className} style={segment.style.css}>
            {text}
          </span>
        )
      })}
      {cut && (
        <button type="button" className="log-more" onClick={() => setWhole(true)}>
          {`${(length - shownChars).toLocaleString('en')} more characters`}
        </button>
      )}
    </span>
  )
})
