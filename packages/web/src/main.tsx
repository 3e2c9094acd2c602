import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createAppQueryClient } from './api/query-client.ts'
import { createAppRouter } from './router.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/feedback.css'
import './styles/list.css'
import './styles/graph.css'
import './styles/job.css'
import './styles/log.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createAppQueryClient()}>
      <RouterProvider router={createAppRouter()} />
    </QueryClientProvider>
  </StrictMode>,
)
