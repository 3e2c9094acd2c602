import type { StepView, TaskView } from '@orrery/protocol'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { lineHash, parseLineHash } from '../links.ts'
import { statusInfo } from '../status.ts'
import { Empty } from './Feedback.tsx'
import { StepItem, stepKey } from './StepItem.tsx'
import { isTyping } from './shortcuts.ts'
import { useHash } from './useHash.ts'

const route = '/workflow/$workflowId/job/$jobId'

/** Open by default: what runs, and what went wrong. */
function opensItself(step: StepView): boolean {
  const { tone } = statusInfo(step.status)
  return step.status === 'running' || tone === 'failed'
}

/** The steps of one node. What the reader opened or closed stays so; a step that ends well closes by itself otherwise. */
export function StepList({ jobId, task }: { jobId: string; task: TaskView }) {
  const navigate = useNavigate()
  const search = useSearch({ from: route })
  const target = parseLineHash(useHash())
  const targetKey = search.step === undefined ? undefined : stepKey({ step: search.step, attempt: search.attempt ?? 0 })
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map())
  const root = useRef<HTMLOListElement>(null)
  const setOpen = useCallback((key: string, open: boolean) => {
    setChosen((all) => (all.get(key) === open ? all : new Map(all).set(key, open)))
  }, [])

  useLogSearchKey(root)
  const [shownFirst] = useState(
    () =>
      task.steps.find((step) => statusInfo(step.status).tone === 'failed') ??
      task.steps.findLast((step) => step.status === 'running'),
  )
  useScrollOnce(root, targetKey ?? (shownFirst === undefined ? undefined : stepKey(shownFirst)))

  if (task.steps.length === 0) return <Empty title="No step has started yet" />
  return (
    <ol className="steps" aria-label="Steps" ref={root}>
      {task.steps.map((step) => {
        const key = stepKey(step)
        const open = chosen.get(key) ?? (key === targetKey || opensItself(step))
        const here = {
          ...search,
          node: task.index,
          step: step.step,
          ...(step.attempt > 0 ? { attempt: step.attempt } : {}),
        }
        return (
          <StepItem
            key={key}
            step={step}
            open={open}
            onToggle={() => setOpen(key, !open)}
            log={{
              jobId,
              task: task.index,
              target: key === targetKey ? target : null,
              hrefOf: (line) =>
                `?${new URLSearchParams(Object.entries(here).map(([name, value]) => [name, String(value)]))}#${lineHash(line, line)}`,
              onLine: (line, extend) => {
                setOpen(key, true)
                const from = extend && target !== null && key === targetKey ? target.first : line
                void navigate({
                  from: route,
                  search: here,
                  hash: lineHash(from, line),
                  replace: true,
                  resetScroll: false,
                  hashScrollIntoView: false,
                })
              },
              onTouched: () => setOpen(key, true),
            }}
          />
        )
      })}
    </ol>
  )
}

/** `/` goes to the search box of the log that has the focus, else of the first open one. */
function useLogSearchKey(root: React.RefObject<HTMLElement | null>): void {
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (event.key !== '/' || isTyping(event)) return
      const near = document.activeElement?.closest('.step')
      const field = (near ?? root.current)?.querySelector<HTMLInputElement>('[data-log-search]')
      const found = field ?? root.current?.querySelector<HTMLInputElement>('[data-log-search]')
      if (found === null || found === undefined) return
      event.preventDefault()
      found.focus()
      found.select()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [root])
}

/** How long a log may take to come and push things around. */
const settleMs = 3000

/**
 * Brings the step into view, the first time there is one, and keeps it there while logs come in and the page grows:
 * until the reader does anything, or for `settleMs`.
 */
function useScrollOnce(root: React.RefObject<HTMLElement | null>, key: string | undefined): void {
  const done = useRef(false)
  useEffect(() => {
    const list = root.current
    if (done.current || key === undefined || list === null) return
    const element = list.querySelector(`[data-step="${CSS.escape(key)}"]`)
    if (element === null) return
    const observer = new ResizeObserver(() => element.scrollIntoView({ block: 'start' }))
    const events = ['wheel', 'pointerdown', 'keydown', 'touchstart'] as const
    function stop(): void {
      done.current = true
      observer.disconnect()
      clearTimeout(timer)
      for (const name of events) window.removeEventListener(name, stop)
    }
    const timer = setTimeout(stop, settleMs)
    for (const name of events) window.addEventListener(name, stop, { passive: true })
    observer.observe(list)
    return () => {
      const finished = done.current
      stop()
      done.current = finished
    }
  }, [root, key])
}
