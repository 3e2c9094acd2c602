import type { ReactNode } from 'react'
import { createContext, useCallback, useContext, useMemo, useRef, useState } from 'react'
import { Icon } from './Icon.tsx'

type Toast = { id: number; tone: 'success' | 'failed'; text: string }
type Say = (tone: Toast['tone'], text: string) => void

const ToastContext = createContext<Say>(() => {})
const shownMs = { success: 4000, failed: 10_000 }

/** Short news about what the reader just did. */
export function useToast(): Say {
  return useContext(ToastContext)
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([])
  const lastId = useRef(0)
  const remove = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), [])
  const say = useCallback<Say>(
    (tone, text) => {
      lastId.current += 1
      const id = lastId.current
      setToasts((all) => [...all.slice(-3), { id, tone, text }])
      setTimeout(() => remove(id), shownMs[tone])
    },
    [remove],
  )
  const list = useMemo(
    () => (
      <ul className="toasts" aria-live="polite">
        {toasts.map((toast) => (
          <li key={toast.id} className="toast" data-tone={toast.tone}>
            <Icon name={toast.tone === 'success' ? 'check' : 'warning'} />
            <span>{toast.text}</span>
            <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => remove(toast.id)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    ),
    [toasts, remove],
  )
  return (
    <ToastContext.Provider value={say}>
      {children}
      {list}
    </ToastContext.Provider>
  )
}
