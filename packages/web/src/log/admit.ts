import type { LogChunk } from '@orrery/protocol'

/** What to do with a chunk when the bytes before `have` are here already. */
export type Admission =
  | { readonly kind: 'text'; readonly text: string; readonly next: number }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'gap' }

/**
 * Decides by byte offsets, so that a reconnect shows nothing twice and loses nothing: a chunk that is known is skipped,
 * one that overlaps is cut, one that leaves a gap means to connect again from `have`.
 */
export function admitChunk(have: number, chunk: LogChunk): Admission {
  if (chunk.offset > have) return { kind: 'gap' }
  if (chunk.next <= have) return { kind: 'repeated' }
  if (chunk.offset === have) return { kind: 'text', text: chunk.text, next: chunk.next }
  const bytes = new TextEncoder().encode(chunk.text).subarray(have - chunk.offset)
  return { kind: 'text', text: new TextDecoder().decode(bytes), next: chunk.next }
}
