import { frameBytes } from './frames.ts'

/** Gathers bytes into blocks of `frameBytes`; small files are read straight into them, without a buffer of their own. */
export class FrameBuffer {
  private block: Buffer = Buffer.allocUnsafeSlow(frameBytes)
  private used = 0
  private readonly full: Buffer[] = []
  /** Blocks to use again: a fresh one costs a page fault for every 4 KiB. */
  private readonly free: Buffer[] = []

  put(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += this.fill((block, used) => bytes.copy(block, used, at))
  }

  zeros(count: number): void {
    for (let missing = count; missing > 0; ) {
      missing -= this.fill((block, used) => {
        const end = Math.min(used + missing, block.length)
        block.fill(0, used, end)
        return end - used
      })
    }
  }

  /**
   * Hands out the free room, which begins at `used`; `write` says how many bytes of it it took, which is also the
   * answer. (A view of the room for each small file would cost as much as reading the file.)
   */
  fill(write: (block: Buffer, used: number) => number): number {
    const written = write(this.block, this.used)
    this.used += written
    if (this.used === this.block.length) this.flush()
    return written
  }

  /** Closes the current block, however full. */
  flush(): void {
    if (this.used === 0) return
    this.full.push(this.block.subarray(0, this.used))
    this.block = this.free.pop() ?? Buffer.allocUnsafeSlow(frameBytes)
    this.used = 0
  }

  /** The next full block, once. */
  take(): Buffer | undefined {
    return this.full.shift()
  }

  /** Takes a block back that `take` gave, once nobody reads it any more. */
  giveBack(block: Buffer): void {
    if (block.length === frameBytes) this.free.push(block)
  }
}
