import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { logIn } from '../api/actions.ts'
import { Mark } from '../components/Icon.tsx'
import { useTitle } from '../components/useTitle.ts'

/** Takes the place of every page while nobody is logged in; the address stays, and is shown after it. */
export function LoginPage() {
  useTitle('Log in')
  const client = useQueryClient()
  const [token, setToken] = useState('')
  const fieldId = useId()
  const login = useMutation({
    mutationKey: ['login'],
    mutationFn: () => logIn(token.trim()),
    onSuccess: () => client.resetQueries(),
  })
  return (
    <main className="login">
      <form
        className="login-card"
        onSubmit={(event) => {
          event.preventDefault()
          login.mutate()
        }}
      >
        <div className="login-brand">
          <Mark />
          <h1>Orrery</h1>
        </div>
        <label htmlFor={fieldId}>Personal token</label>
        <input
          id={fieldId}
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          required
          value={token}
          onChange={(event) => setToken(event.target.value)}
          aria-invalid={login.isError}
          aria-describedby={`${fieldId}-help`}
        />
        {login.isError && (
          <p className="field-error" role="alert">
            {login.error.message}
          </p>
        )}
        <button type="submit" className="button primary" disabled={login.isPending}>
          Log in
        </button>
        <p className="muted" id={`${fieldId}-help`}>
          <code>orrery up</code> prints an address that logs you in. The token itself is in the file{' '}
          <code>admin-token</code> of its data folder.
        </p>
      </form>
    </main>
  )
}
