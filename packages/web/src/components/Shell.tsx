import { useQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError } from '../api/client.ts'
import { useLiveChanges } from '../api/live.tsx'
import { meQuery } from '../api/queries.ts'
import { LoginPage } from '../pages/LoginPage.tsx'
import { ErrorState } from './Feedback.tsx'
import { Header } from './Header.tsx'
import { HelpDialog } from './HelpDialog.tsx'
import { OfflineBanner } from './OfflineBanner.tsx'
import { useShortcuts } from './shortcuts.ts'
import { ToastProvider } from './Toasts.tsx'

/** The frame of every page: who is asking comes first, and without an answer to that there is only the login form. */
export function Shell() {
  const me = useQuery(meQuery)
  if (me.error instanceof ApiError && me.error.status === 401) return <LoginPage />
  if (me.data === undefined) {
    return (
      <div className="page">
        {me.error !== null && <ErrorState error={me.error} onRetry={() => void me.refetch()} />}
      </div>
    )
  }
  return (
    <ToastProvider>
      <Frame login={me.data.login} />
    </ToastProvider>
  )
}

function Frame({ login }: { login: string }) {
  const connection = useLiveChanges()
  const [helpOpen, setHelpOpen] = useState(false)
  useShortcuts({ onHelp: () => setHelpOpen(true) })
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <Header login={login} onHelp={() => setHelpOpen(true)} />
      <OfflineBanner connection={connection} />
      <main id="main" className="page" tabIndex={-1}>
        <Outlet />
      </main>
      {helpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
    </>
  )
}
