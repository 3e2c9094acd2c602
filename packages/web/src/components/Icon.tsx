import type { StatusIcon } from '../status.ts'

export type IconName =
  | StatusIcon
  | 'branch'
  | 'tag'
  | 'commit'
  | 'chevron'
  | 'down'
  | 'up'
  | 'search'
  | 'copy'
  | 'download'
  | 'rerun'
  | 'wrap'
  | 'sun'
  | 'moon'
  | 'auto'
  | 'help'
  | 'file'
  | 'offline'
  | 'exit'
  | 'close'

/** Drawn on a 16 × 16 grid with round strokes. */
const shapes: Readonly<Record<IconName, string>> = {
  check: 'M3.5 8.6l3 3 6-7',
  cross: 'M4.5 4.5l7 7m0-7l-7 7',
  spinner: 'M8 2.2a5.8 5.8 0 1 1-5.8 5.8',
  pause: 'M6 4v8M10 4v8',
  clock: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M8 5v3.2l2 1.3',
  ban: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M4 12l8-8',
  skip: 'M4 8h8',
  warning: 'M8 2.6l6 10.6H2zM8 6.6v3M8 11.4v.1',
  lock: 'M4 7.4h8v5.8H4zM5.6 7.4V5.2a2.4 2.4 0 0 1 4.8 0v2.2',
  branch:
    'M5 5v6M5 11a1.6 1.6 0 1 0 .01 0M5 5a1.6 1.6 0 1 0-.01 0M11 6.4A1.6 1.6 0 1 0 10.99 6.4M11 6.5C11 9 5 8.4 5 11',
  tag: 'M2.6 2.6h5l6 6-5 5-6-6zM5.4 5.4v.1',
  commit: 'M8 5.4a2.6 2.6 0 1 0 .01 0M1.6 8h3.8M10.6 8h3.8',
  chevron: 'M6 3.6L10.4 8 6 12.4',
  down: 'M3.6 6L8 10.4 12.4 6',
  up: 'M3.6 10L8 5.6 12.4 10',
  search: 'M7 2.6a4.4 4.4 0 1 0 .01 0M10.4 10.4l3 3',
  copy: 'M5.6 5.6h7.8v7.8H5.6zM10.4 5.4V2.6H2.6v7.8h2.8',
  download: 'M8 2.4v7.4M4.8 7L8 10.2 11.2 7M3 13.4h10',
  rerun: 'M13 8a5 5 0 1 1-1.5-3.6M13.2 2.2v2.6h-2.6',
  wrap: 'M2.6 4h10.8M2.6 8h8.6a2.2 2.2 0 0 1 0 4.4H8M2.6 12.4h2.6M9.6 10.8L8 12.4 9.6 14',
  sun: 'M8 5.2a2.8 2.8 0 1 0 .01 0M8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1',
  moon: 'M13.2 9.8A5.8 5.8 0 0 1 6.2 2.8a5.8 5.8 0 1 0 7 7z',
  auto: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M8 2.4v11.2M10.6 3.2v9.6M12.8 5v6',
  help: 'M5.8 6a2.2 2.2 0 1 1 3.4 1.8c-.8.5-1.2 1-1.2 1.9M8 12.2v.1',
  file: 'M4 1.8h5l3 3v9.4H4zM9 1.8v3h3',
  offline: 'M2 6a9 9 0 0 1 12 0M4.4 8.8a5.4 5.4 0 0 1 7.2 0M8 12.4v.1M2.6 2.2l10.8 11.6',
  exit: 'M6.4 2.6H2.8v10.8h3.6M6.6 8h6.8M10.8 5.2L13.4 8l-2.6 2.8',
  close: 'M4 4l8 8m0-8l-8 8',
}

/** A picture beside words: it has no name of its own. */
export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[name]} fill="none" />
    </svg>
  )
}

/** The mark of the product: two orbits and their bodies. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <ellipse className="mark-orbit" cx="16" cy="16" rx="13" ry="5.8" transform="rotate(-28 16 16)" />
      <ellipse className="mark-orbit" cx="16" cy="16" rx="13" ry="5.8" transform="rotate(38 16 16)" />
      <circle className="mark-sun" cx="16" cy="16" r="4" />
      <circle className="mark-planet" cx="27" cy="9.6" r="2.2" />
      <circle className="mark-moon" cx="6" cy="8.2" r="1.7" />
    </svg>
  )
}
