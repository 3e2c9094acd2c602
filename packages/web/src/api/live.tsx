import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ChangeCollector, parseChange } from './changes.ts'
import type { Connection } from './connection.ts'
import { initialConnection } from './connection.ts'
import { openLive } from './live-source.ts'

/**
 * Holds the one change stream of this page and keeps every query true: a change makes the matching ones stale, and a
 * (re)connect all of them, because changes between the first fetch and the stream are nowhere else to be heard.
 */
export function useLiveChanges(): Connection {
  const client = useQueryClient()
  const [connection, setConnection] = useState(initialConnection)
  useEffect(() => {
    const collector = new ChangeCollector((keys) => {
      for (const queryKey of keys) void client.invalidateQueries({ queryKey })
    })
    const close = openLive({
      url: () => '/api/private/stream?scope=all',
      onMessage: (data) => {
        const change = parseChange(data)
        if (change !== null) collector.push(change)
        return undefined
      },
      onConnection: (next) => {
        setConnection(next)
        if (next.state === 'open') void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'me' })
        if (next.state === 'lost') void client.invalidateQueries({ queryKey: ['me'] })
      },
    })
    return () => {
      close()
      collector.stop()
    }
  }, [client])
  return connection
}
