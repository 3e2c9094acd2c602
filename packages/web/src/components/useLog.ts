import { useDeferredValue, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Match } from '../log/search.ts'
import { LogSearch } from '../log/search.ts'
import { LogStore } from '../log/store.ts'

/** Reads a log while mounted; renders anew when there is something new. */
export function useLog(streamPath: string): { store: LogStore; version: number } {
  const store = useMemo(() => new LogStore(streamPath), [streamPath])
  const version = useSyncExternalStore(store.subscribe, store.getVersion)
  useEffect(() => store.start(), [store])
  return { store, version }
}

export type LogFinder = {
  query: string
  /** The query that `matches` belong to: searching lags behind typing. */
  searched: string
  setQuery: (query: string) => void
  matches: readonly Match[]
  matchesOf: (line: number) => readonly Match[]
  at: number
  current: Match | null
  /** Goes on by one match, round the end; answers it. */
  step: (by: 1 | -1) => Match | null
}

const noMatches: readonly Match[] = []

/** The search box's state over a growing log. */
export function useLogFinder(store: LogStore, version: number): LogFinder {
  const [query, setQueryState] = useState('')
  const [at, setAt] = useState(0)
  const searched = useDeferredValue(query)
  const search = useMemo(() => new LogSearch(store.model, searched), [store, searched])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that the model behind the search has grown.
  const matches = useMemo(() => search.update(), [search, version])
  const byLine = useMemo(() => Map.groupBy(matches, (match) => match.line), [matches])
  const index = Math.min(at, Math.max(0, matches.length - 1))

  return {
    query,
    searched,
    setQuery: (next) => {
      setQueryState(next)
      setAt(0)
    },
    matches,
    matchesOf: (line) => byLine.get(line) ?? noMatches,
    at: index,
    current: matches[index] ?? null,
    step: (by) => {
      if (matches.length === 0) return null
      const next = (index + by + matches.length) % matches.length
      setAt(next)
      return matches[next] ?? null
    },
  }
}
