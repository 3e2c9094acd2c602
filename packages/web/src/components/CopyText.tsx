import { useEffect, useState } from 'react'
import { Icon } from './Icon.tsx'

const shownMs = 1600

/** A command or id with a button that copies it. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), shownMs)
    return () => clearTimeout(timer)
  }, [copied])
  // The clipboard is missing on plain http; the text can still be selected by hand.
  const available = navigator.clipboard !== undefined
  return (
    <span className="copy-text">
      <code>{text}</code>
      {available && (
        <button
          type="button"
          className="icon-button"
          aria-label={copied ? 'Copied' : label}
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
        >
          <Icon name={copied ? 'check' : 'copy'} />
        </button>
      )}
    </span>
  )
}
