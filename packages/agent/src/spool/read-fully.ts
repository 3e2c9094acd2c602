/** A file has fewer bytes than it had before. */
export class FileShrankError extends Error {
  constructor() {
    super('it shrank while it was read')
    this.name = 'FileShrankError'
  }
}

/** What is used of a file that is open. */
export interface Readable {
  read(buffer: Buffer, at: number, length: number, offset: number): Promise<{ bytesRead: number }>
}

/**
 * Exactly `length` bytes from `offset`, in `block` if that is large enough.
 * @throws FileShrankError when the file is shorter than the caller knows it to be.
 */
export async function readFully(file: Readable, offset: number, length: number, block?: Buffer): Promise<Buffer> {
  const buffer = block !== undefined && block.length >= length ? block.subarray(0, length) : Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) throw new FileShrankError()
    done += bytesRead
  }
  return buffer
}
