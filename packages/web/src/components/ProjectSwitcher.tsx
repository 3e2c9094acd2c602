import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useId, useRef, useState } from 'react'
import { jobQuery, projectsQuery, workflowQuery } from '../api/queries.ts'
import { Icon } from './Icon.tsx'

/** The slug of the project that the address names, or that what it names belongs to; the page itself fetches that. */
function useCurrentProject(): string | undefined {
  const search = useSearch({ strict: false })
  const { vcs, org, project, workflowId = '', jobId = '' } = useParams({ strict: false })
  const workflow = useQuery({ ...workflowQuery(workflowId), enabled: false }).data
  const job = useQuery({ ...jobQuery(jobId), enabled: false }).data
  if (jobId !== '') return job?.pipeline.projectSlug
  if (workflowId !== '' && workflow !== undefined) return workflow.pipeline.projectSlug
  if (vcs !== undefined && org !== undefined && project !== undefined) return `${vcs}/${org}/${project}`
  return search.project
}

/** A button with the current project, and under it a list with a filter: type, arrows, Enter. */
export function ProjectSwitcher() {
  const projects = useQuery(projectsQuery).data ?? []
  const current = useCurrentProject()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [filter, setFilter] = useState('')
  const [active, setActive] = useState(0)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const listId = useId()

  const wanted = filter.trim().toLowerCase()
  const options = [
    { slug: undefined, name: 'All projects' },
    ...projects.map((project) => ({ slug: project.slug, name: project.name })),
  ].filter((option) => `${option.name} ${option.slug ?? ''}`.toLowerCase().includes(wanted))
  const name = projects.find((project) => project.slug === current)?.name ?? current ?? 'All projects'

  useEffect(() => {
    if (!open) return
    function onPointer(event: PointerEvent): void {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) setOpen(false)
    }
    document.addEventListener('pointerdown', onPointer)
    return () => document.removeEventListener('pointerdown', onPointer)
  }, [open])

  function show(): void {
    setFilter('')
    setActive(0)
    setOpen(true)
  }

  function close(): void {
    setOpen(false)
    button.current?.focus()
  }

  function choose(index: number): void {
    const option = options[index]
    if (option === undefined) return
    close()
    void navigate({ to: '/pipelines', search: option.slug === undefined ? {} : { project: option.slug } })
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    if (event.key === 'Escape') close()
    else if (event.key === 'Enter') choose(active)
    else if (event.key === 'ArrowDown') setActive(Math.min(active + 1, options.length - 1))
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0))
    else return
    event.preventDefault()
  }

  return (
    <div className="switcher" ref={root}>
      <button
        ref={button}
        type="button"
        className="switcher-button"
        aria-haspopup="listbox"
        aria-expanded={open}
        onClick={() => (open ? setOpen(false) : show())}
      >
        <span className="sr-only">Project: </span>
        <span className="ellipsis">{name}</span>
        <Icon name="down" />
      </button>
      {open && (
        <div className="switcher-panel">
          <input
            // biome-ignore lint/a11y/noAutofocus: the panel opens on request, and typing is what it is for.
            autoFocus
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={`${listId}-${active}`}
            aria-label="Filter projects"
            placeholder="Filter projects"
            value={filter}
            onChange={(event) => {
              setFilter(event.target.value)
              setActive(0)
            }}
            onKeyDown={onKeyDown}
          />
          <div id={listId} role="listbox" aria-label="Projects" className="switcher-list">
            {options.map((option, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the filter field has the keys.
              <div
                key={option.slug ?? ''}
                id={`${listId}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                className="switcher-option"
                onPointerMove={() => setActive(index)}
                onClick={() => choose(index)}
              >
                <span className="ellipsis">{option.name}</span>
                {option.slug !== undefined && option.slug !== option.name && (
                  <span className="muted ellipsis">{option.slug}</span>
                )}
                {option.slug === current && <Icon name="check" />}
              </div>
            ))}
            {options.length === 0 && <p className="muted switcher-none">No project of that name.</p>}
          </div>
        </div>
      )}
    </div>
  )
}
