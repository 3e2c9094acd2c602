/**
 * Bytes of an XML file → text, by byte order mark, else by the encoding that the declaration names, else UTF-8.
 * Control characters that XML does not allow are dropped: test output is full of them, and one must not cost the whole
 * report (spec: execution.md 14.2).
 * @throws RangeError when the declared encoding is unknown.
 */
export async function* decodeXml(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  let started = false
  let head = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (decoder === undefined) {
      head = Buffer.concat([head, chunk])
      if (head.length < headBytes) continue
      decoder = new TextDecoder(encodingOf(head))
    }
    yield* emit(decoder.decode(head.length > 0 ? head : chunk, { stream: true }))
    head = Buffer.alloc(0)
  }
  decoder ??= new TextDecoder(encodingOf(head))
  yield* emit(decoder.decode(head))

  function* emit(text: string): Generator<string> {
    const clean = text.replace(forbidden, '')
    // Some tools begin with an empty line, where only the declaration may stand.
    const kept = started ? clean : clean.trimStart()
    if (kept === '') return
    started = true
    yield kept
  }
}

const headBytes = 256
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g

function encodingOf(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0x3c && head[1] === 0) return 'utf-16le'
  if (head[0] === 0 && head[1] === 0x3c) return 'utf-16be'
  const declared = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head.toString('latin1'))?.[1]
  // One-byte characters were just read, so a declaration of UTF-16 is wrong.
  return declared === undefined || /^(utf-?16|ucs)/i.test(declared) ? 'utf-8' : declared
}
