import type { QueryKey } from '@tanstack/react-query'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useToast } from './Toasts.tsx'

/**
 * Runs an action of a button: says how it went, then fetches `stale` again without waiting for the change stream.
 */
export function useAction<T>(options: {
  run: () => Promise<T>
  done: string
  stale: QueryKey
  onDone?: (answer: T) => void
}) {
  const client = useQueryClient()
  const say = useToast()
  return useMutation({
    mutationFn: options.run,
    onSuccess: (answer) => {
      say('success', options.done)
      void client.invalidateQueries({ queryKey: options.stale })
      options.onDone?.(answer)
    },
    onError: (error) => say('failed', error.message),
  })
}
