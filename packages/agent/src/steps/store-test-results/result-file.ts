import { closeSync, openSync, writeSync } from 'node:fs'
import type { TestResult } from '@orrery/protocol'

const bufferBytes = 256 * 1024

/** Newline-delimited JSON on disk, written in large pieces; results beyond `mostBytes` are counted, not kept. */
export class ResultFile implements Disposable {
  kept = 0
  dropped = 0
  private readonly fd: number
  private readonly mostBytes: number
  private bytes = 0
  private lines: string[] = []
  private pending = 0

  constructor(path: string, mostBytes: number) {
    this.fd = openSync(path, 'w', 0o600)
    this.mostBytes = mostBytes
  }

  add(test: TestResult): void {
    const line = `${JSON.stringify(test)}\n`
    const size = Buffer.byteLength(line)
    if (this.bytes + size > this.mostBytes) {
      this.dropped++
      return
    }
    this.kept++
    this.bytes += size
    this.pending += size
    this.lines.push(line)
    if (this.pending >= bufferBytes) this.flush()
  }

  flush(): void {
    const bytes = Buffer.from(this.lines.join(''))
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at)
    this.lines = []
    this.pending = 0
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}
