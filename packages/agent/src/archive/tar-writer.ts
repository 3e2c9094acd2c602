import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import { FrameBuffer } from './frame-buffer.ts'
import { codeOf, reasonOf } from './reason.ts'
import { blockSize, type EntryType, encodeHeader, padded } from './tar-format.ts'

/** A place on disk (absolute) and the name it gets in the archive (relative, `/`-separated; empty = the target itself). */
export type ArchiveSource = { path: string; name: string }
/**
 * Something that is not in the archive as it is on disk, and why; for the step's log. `loss`: a file or directory is
 * missing from the archive, or is there with other bytes; absent for what nobody can expect in it.
 */
export type Skipped = { path: string; reason: string; loss?: 'missing' | 'damaged' }

/** `isFile`: the directory said so, which spares the `lstat` that everything else needs. */
type Found = ArchiveSource & { isFile: boolean }

/** No waiting for the writer of a FIFO that took a file's place, and no following of a link that did. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Turns places on disk into tar bytes. The system calls are synchronous: with thousands of small files a promise for
 * each call costs ten times the call. Instead the generator stops between entries, and between the blocks of a large
 * file, so that the caller can write out and let others work.
 */
export class TarWriter {
  readonly out = new FrameBuffer()
  readonly skipped: Skipped[] = []
  /** Names of everything but directories. */
  readonly files: string[] = []
  entries = 0
  /** Bytes of file content. */
  bytes = 0
  /** First name of every file that has several, by device and inode. */
  private readonly firstNames = new Map<string, string>();

  /**
   * Adds a source and everything below it: parents first, children by name, so that equal trees give equal archives.
   * Links are stored, not followed; sockets, devices and the like are skipped.
   */
  *add(source: ArchiveSource): Generator<void> {
    const stack: Found[] = [{ ...source, isFile: false }]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      try {
        checkName(next.name)
        if (next.isFile) yield* this.file(next)
        else yield* this.any(next, stack)
      } catch (error) {
        // What went away meanwhile, a temporary file of somebody's, is not missed.
        const loss = codeOf(error) === 'ENOENT' ? {} : ({ loss: 'missing' } as const)
        this.skipped.push({ path: next.path, reason: reasonOf(error), ...loss })
      }
      yield
    }
  }

  /** Two blocks of zeros: the end of a tar. */
  end(): void {
    this.out.zeros(2 * blockSize)
    this.out.flush()
  }

  private *any(found: Found, stack: Found[]): Generator<void> {
    const { path, name } = found
    const stat = lstatSync(path)
    if (stat.isDirectory()) {
      // The root of an archive is its target, whose own mode and times are not ours to change.
      if (name !== '') this.header('directory', name, '', stat, 0)
      const children = readdirSync(path, { withFileTypes: true }).sort(byNameDescending)
      for (const child of children) stack.push(below(found, child))
    } else if (stat.isSymbolicLink()) this.header('symlink', name, readlinkSync(path), stat, 0)
    else if (stat.isFile()) yield* this.file(found)
    else this.skipped.push({ path, reason: 'neither a file, a directory nor a link' })
  }

  private *file({ path, name }: Found): Generator<void> {
    const fd = openSync(path, openFlags)
    try {
      const stat = fstatSync(fd)
      if (!stat.isFile()) throw new Error('it changed while it was read')
      const first = stat.nlink > 1 ? this.firstName(stat, name) : undefined
      if (first !== undefined) {
        this.header('hardlink', name, first, stat, 0)
        return
      }
      this.header('file', name, '', stat, stat.size)
      yield* this.content(fd, path, stat.size)
    } finally {
      closeSync(fd)
    }
  }

  /** A file may change or fail while it is read; the header's size is a promise, so what is missing becomes zeros. */
  private *content(fd: number, path: string, size: number): Generator<void> {
    let left = size
    try {
      while (left > 0) {
        const read = this.out.fill((block, used) =>
          readSync(fd, block, used, Math.min(block.length - used, left), null),
        )
        if (read === 0) throw new Error('it shrank while it was read')
        left -= read
        if (left > 0) yield
      }
    } catch (error) {
      const reason = `${reasonOf(error)}; its last ${left} bytes are stored as zeros`
      this.skipped.push({ path, reason, loss: 'damaged' })
    }
    this.bytes += size - left
    this.out.zeros(left + padded(size) - size)
  }

  private firstName(stat: Stats, name: string): string | undefined {
    const id = `${stat.dev}:${stat.ino}`
    const first = this.firstNames.get(id)
    if (first === undefined) this.firstNames.set(id, name)
    return first
  }

  private header(type: EntryType, name: string, link: string, stat: Stats, size: number): void {
    const { mode, uid, gid, mtimeMs } = stat
    this.out.put(encodeHeader({ type, name, link, mode: mode & 0o7777, uid, gid, size, mtime: mtimeMs / 1000 }))
    this.entries++
    if (type !== 'directory') this.files.push(name)
  }
}

/** Bytes that are no UTF-8 arrive as the replacement character, under which nobody finds the file again. */
function checkName(name: string): void {
  if (name.includes('\ufffd')) throw new Error('its name is not UTF-8')
}

/** Pushed in this order, children leave the stack by ascending name. */
function byNameDescending(a: Dirent, b: Dirent): number {
  return a.name < b.name ? 1 : -1
}

function below({ path, name }: Found, child: Dirent): Found {
  return {
    path: `${path === '/' ? '' : path}/${child.name}`,
    name: name === '' ? child.name : `${name}/${child.name}`,
    isFile: child.isFile(),
  }
}
