import type { CompileResult } from '../compile-types.ts'
import type { Code } from './catalogue.ts'

/** The text of a config file, or the result that says where it is not UTF-8 (C100). A byte order mark is dropped. */
export function decodeSource(bytes: Uint8Array, file: string): { text: string } | { result: CompileResult } {
  const text = new TextDecoder('utf-8').decode(bytes)
  const encoded = new TextEncoder().encode(text)
  const skipped = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const body = bytes.subarray(skipped)
  if (Buffer.compare(encoded, body) === 0) return { text }
  let wrong = 0
  while (wrong < body.length && encoded[wrong] === body[wrong]) wrong++
  const before = new TextDecoder().decode(body.subarray(0, wrong)).split('\n')
  const place = { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 }
  const code: Code = 'C100'
  const diagnostic = {
    code,
    severity: 'error' as const,
    message: 'YAML syntax error: the file is not UTF-8 text',
    file,
    range: { start: place, end: { ...place, column: place.column + 1 } },
    path: '',
    stack: [],
    related: [],
    hint: 'save it as UTF-8',
  }
  return { result: { ok: false, diagnostics: [diagnostic], isSetup: false, orbLock: [] } }
}
