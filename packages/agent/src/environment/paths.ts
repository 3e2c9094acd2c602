import { resolve } from 'node:path'

/** `~` and `~/…` become HOME; nothing else is expanded (spec: execution.md 10.9). */
export function expandHome(path: string, home: string): string {
  if (path === '~') return home
  return path.startsWith('~/') ? resolve(home, path.slice(2)) : path
}

/** Absolute form of a path of the config: `~` by HOME, relative ones by `base`. */
export function resolvePath(path: string, home: string, base: string): string {
  return resolve(base, expandHome(path, home))
}
