import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'

/** What the help dialog lists; the pages that act on a key are named. */
export const shortcutHelp: readonly { where: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    where: 'Everywhere',
    keys: [
      ['?', 'This help'],
      ['g p', 'Go to pipelines'],
    ],
  },
  {
    where: 'Workflow graph',
    keys: [
      ['← → ↑ ↓', 'Move between jobs'],
      ['Home End', 'First, last job'],
      ['Enter', 'Open the job, or approve'],
    ],
  },
  {
    where: 'Job log',
    keys: [
      ['/', 'Search in the open log'],
      ['Enter', 'Next match, with Shift the one before'],
      ['Esc', 'Leave the search'],
    ],
  },
]

const chordMs = 1200

/** True when the key belongs to what has the focus: a text field, or any combination with a modifier. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

/** The keys that work on every page. */
export function useShortcuts({ onHelp }: { onHelp: () => void }): void {
  const navigate = useNavigate()
  const help = useRef(onHelp)
  help.current = onHelp
  useEffect(() => {
    let goAt = 0
    function onKey(event: KeyboardEvent): void {
      if (isTyping(event) || document.querySelector('dialog[open]') !== null) return
      if (event.key === '?') help.current()
      if (event.key === 'p' && performance.now() - goAt < chordMs) void navigate({ to: '/' })
      goAt = event.key === 'g' ? performance.now() : Number.NEGATIVE_INFINITY
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate])
}
