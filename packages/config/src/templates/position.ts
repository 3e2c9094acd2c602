import type { SourceRange } from '../diagnostics.ts'
import type { YScalar } from '../yaml/nodes.ts'

/**
 * Where a tag of a string stands in the source. YAML escapes and folding move offsets but never make or hide a `<<`,
 * so the n-th one of the value is the n-th one of the source.
 */
export function tagRange(node: YScalar, value: string, start: number): SourceRange {
  const { source } = node
  let count = 0
  for (let at = value.indexOf('<<'); at !== -1 && at < start; at = value.indexOf('<<', at + 2)) count++
  let open = source.text.indexOf('<<', node.start)
  for (; open !== -1 && count > 0; count--) open = source.text.indexOf('<<', open + 2)
  if (open === -1 || open >= node.end) return source.range(node.start, node.end)
  const close = source.text.indexOf('>>', open)
  const line = source.text.indexOf('\n', open)
  const lineEnd = line === -1 ? node.end : line
  const end = close === -1 || close >= node.end || close > lineEnd ? Math.min(lineEnd, node.end) : close + 2
  return source.range(open, Math.max(end, open + 2))
}

/** Where a part of an expression stands, when the scalar is written on one line without escapes. */
export function partRange(node: YScalar, value: string, from: number, to: number): SourceRange {
  const { source, start, end } = node
  const open = source.text.indexOf(value, start)
  if (open === -1 || open + value.length > end) return source.range(start, end)
  return source.range(open + Math.min(from, value.length), open + Math.min(Math.max(to, from + 1), value.length + 1))
}
