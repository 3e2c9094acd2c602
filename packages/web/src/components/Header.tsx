import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { logOut } from '../api/actions.ts'
import type { Theme } from '../preferences.ts'
import { loadTheme, saveTheme } from '../preferences.ts'
import { Icon, Mark } from './Icon.tsx'
import { ProjectSwitcher } from './ProjectSwitcher.tsx'

const nextTheme: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' }
const themeIcon = { auto: 'auto', light: 'sun', dark: 'moon' } as const
const themeName = { auto: 'as the system', light: 'light', dark: 'dark' } as const

export function Header({ login, onHelp }: { login: string; onHelp: () => void }) {
  const client = useQueryClient()
  return (
    <header className="header">
      <Link to="/" className="brand" aria-label="Orrery, all pipelines">
        <Mark />
        <span>Orrery</span>
      </Link>
      <ProjectSwitcher />
      <div className="header-end">
        <ThemeToggle />
        <button type="button" className="icon-button" aria-label="Keyboard help" title="Keyboard (?)" onClick={onHelp}>
          <Icon name="help" />
        </button>
        <span className="login-name" title={`Logged in as ${login}`}>
          {login}
        </span>
        <button
          type="button"
          className="icon-button"
          aria-label="Log out"
          title="Log out"
          onClick={() => void logOut().then(() => client.resetQueries())}
        >
          <Icon name="exit" />
        </button>
      </div>
    </header>
  )
}

function ThemeToggle() {
  const [theme, setTheme] = useState(loadTheme)
  const label = `Theme: ${themeName[theme]}. Change to ${themeName[nextTheme[theme]]}`
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      onClick={() => {
        saveTheme(nextTheme[theme])
        setTheme(nextTheme[theme])
      }}
    >
      <Icon name={themeIcon[theme]} />
    </button>
  )
}
