import { useEffect, useState } from 'react'
import type { Connection } from '../api/connection.ts'
import { Icon } from './Icon.tsx'

/** Shorter breaks than this (a restart of the server, a change of network) are not worth a word. */
const graceMs = 1500

/** Says that what is shown may be old. Stays while reconnecting, so that it does not flicker with each attempt. */
export function OfflineBanner({ connection }: { connection: Connection }) {
  const broken = connection.failures > 0
  const [shown, setShown] = useState(false)
  useEffect(() => {
    if (!broken) {
      setShown(false)
      return
    }
    const timer = setTimeout(() => setShown(true), graceMs)
    return () => clearTimeout(timer)
  }, [broken])
  if (!shown) return null
  return (
    <div className="offline" role="status">
      <Icon name="offline" />
      Live updates are interrupted. What you see may be old; reconnecting…
    </div>
  )
}
