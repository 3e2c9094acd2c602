export type Theme = 'auto' | 'light' | 'dark'

const themeKey = 'orrery.theme'
const wrapKey = 'orrery.wrap'

/** Storage may be forbidden or full; a preference is then kept for this page only. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // See read().
  }
}

export function loadTheme(): Theme {
  const theme = read(themeKey)
  return theme === 'light' || theme === 'dark' ? theme : 'auto'
}

/** Remembers the theme and shows it at once; `public/theme.js` does the same before the first paint. */
export function saveTheme(theme: Theme): void {
  write(themeKey, theme)
  if (theme === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

export function loadWrap(): boolean {
  return read(wrapKey) === 'on'
}

export function saveWrap(wrap: boolean): void {
  write(wrapKey, wrap ? 'on' : 'off')
}
