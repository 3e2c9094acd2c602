import type { Readable } from 'node:stream'

/** Bytes `start`…`end`, both included, as in HTTP. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * Where finished bytes live: caches, workspace layers, artifacts, reports. A blob is named by its SHA-256 and never
 * changes, so storing it twice is storing it once, and a blob may be read while another server writes the same one.
 * Who may read a blob is not decided here: keys come only out of the engine, which checked the scope.
 */
export interface BlobStore {
  /**
   * Stores a local file whose bytes were verified and are durable, and answers the blob's key. The file stays and must
   * not be written to again. Safe to repeat.
   */
  adopt(file: string, sha256: string): Promise<string>
  /** The caller reads the stream to its end or destroys it. ORY_NOT_FOUND when there is no such blob. */
  open(key: string, range?: ByteRange): Promise<Readable>
  /**
   * Removes the blobs that nothing names and that were adopted more than a day ago; answers how many. `named` picks those
   * that something names. Adopting again after the commit that names a blob makes it safe from a sweep under way.
   */
  sweep(named: (keys: string[]) => Promise<ReadonlySet<string>>): Promise<number>
}
