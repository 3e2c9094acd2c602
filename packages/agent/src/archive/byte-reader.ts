import { ArchiveError } from './archive-error.ts'

/** Pulls exact numbers of bytes from a stream of chunks; copies only what spans two chunks. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Buffer>
  private chunk: Buffer = Buffer.alloc(0)
  private at = 0

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]()
  }

  /** Exactly `size` bytes. @throws ArchiveError `damaged` when the stream ends before. */
  async take(size: number): Promise<Buffer> {
    if (this.chunk.length - this.at >= size) return this.slice(size)
    const parts: Buffer[] = []
    for (let missing = size; missing > 0; ) {
      const part = await this.takeSome(missing)
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts, size)
  }

  /** Between 1 and `most` bytes. @throws ArchiveError `damaged` at the end of the stream. */
  async takeSome(most: number): Promise<Buffer> {
    if (await this.atEnd()) throw new ArchiveError('damaged', 'the archive ends too early')
    return this.slice(Math.min(most, this.chunk.length - this.at))
  }

  /** Waits for a byte; true when none will come. */
  async atEnd(): Promise<boolean> {
    while (this.at >= this.chunk.length) {
      const next = await this.chunks.next()
      if (next.done === true) return true
      this.chunk = next.value
      this.at = 0
    }
    return false
  }

  /** Releases the source. */
  async close(): Promise<void> {
    await this.chunks.return?.()
  }

  private slice(size: number): Buffer {
    this.at += size
    return this.chunk.subarray(this.at - size, this.at)
  }
}
