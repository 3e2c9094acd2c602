import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './client.ts'

/**
 * Queries stay fresh until the change stream says otherwise: there is no polling. When the session has ended, `me` is
 * asked again, which brings the login form up.
 */
export function createAppQueryClient(): QueryClient {
  function onError(error: Error): void {
    if (error instanceof ApiError && error.status === 401) void client.invalidateQueries({ queryKey: ['me'] })
  }
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (query.queryKey[0] !== 'me') onError(error)
      },
    }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _context, mutation) => {
        // A wrong token at the login form: there was no session that could have ended.
        if (mutation.options.mutationKey?.[0] !== 'login') onError(error)
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        refetchOnWindowFocus: false,
        networkMode: 'always',
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      },
      mutations: { networkMode: 'always' },
    },
  })
  return client
}
