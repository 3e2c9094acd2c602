import { useLocation } from '@tanstack/react-router'

/** What stands behind `#` in the address, without it. */
export function useHash(): string {
  return useLocation({ select: (location) => location.hash })
}
