import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { ArchiveError } from './archive-error.ts'
import { codeOf } from './reason.ts'
import type { TarEntry } from './tar-format.ts'

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/**
 * The part of the file system an archive may write to: `base`, and in it only the `roots` (names relative to base;
 * one empty name = all of base). Nothing is written through a symbolic link at or below a root, whoever made the link.
 * Links above a root, which only the place itself can have made, are followed: `/tmp` may be one.
 *
 * The agent runs as the job's user, so a race with a job's own process gains that process nothing; these rules hold
 * against archives, not against neighbours.
 */
export class SafeTree {
  private readonly base: string
  private readonly roots: readonly string[]
  private owners: boolean
  /** Names known to be real directories (or, above the roots, links to some). */
  private readonly verified = new Set<string>([''])
  private readonly directories: TarEntry[] = []
  private readonly uid = process.geteuid?.() ?? 0
  private readonly gid = process.getegid?.() ?? 0
  private readonly umask = process.umask()
  /** The last directory that was seen to make files as asked. */
  private plainParent: string | undefined

  /** `owners`: apply user and group ids, which only root can. */
  constructor(base: string, roots: readonly string[], owners: boolean) {
    this.base = base === '/' ? '' : base
    this.roots = roots
    this.owners = owners
  }

  /** @throws ArchiveError `refused` unless the name is plain, relative and inside a root. */
  check(name: string): void {
    if (name === '' || name.length > 4096 || name.includes('\0') || !name.split('/').every(isPlain)) {
      throw new ArchiveError('refused', `the archive holds the unsafe name ${JSON.stringify(name.slice(0, 200))}`)
    }
    if (!this.isInside(name)) {
      throw new ArchiveError('refused', `the archive holds ${JSON.stringify(name)}, which is outside its paths`)
    }
  }

  /** Makes the directory, now writable; its own mode and times come with `finish`. */
  directory(entry: TarEntry): void {
    this.enter(parentOf(entry.name))
    const path = this.path(entry.name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory()) {
      if ((stat.mode & 0o700) !== 0o700) chmodSync(path, (stat.mode & 0o7777) | 0o700)
    } else {
      if (stat !== undefined) unlinkSync(path)
      mkdirSync(path, 0o700)
    }
    this.verified.add(entry.name)
    this.directories.push(entry)
  }

  /**
   * A new file in the place of whatever file or link had this name. The caller writes and then calls `closeFile`. It is
   * made with its final mode where the umask lets that through, which spares a system call for nearly every file; until
   * a foreign owner is set nobody else may read it.
   */
  openFile(entry: TarEntry): number {
    this.enter(parentOf(entry.name))
    const path = this.path(entry.name)
    const mode = this.isOwn(entry) ? entry.mode & 0o777 : 0o600
    return this.replacing(entry.name, () => openSync(path, createFlags, mode))
  }

  closeFile(fd: number, entry: TarEntry): void {
    try {
      if (!this.isOwn(entry) || !this.bornPlain(fd, entry)) {
        // Owner first: a change of owner clears setuid and setgid.
        this.own(() => fchownSync(fd, entry.uid, entry.gid))
        fchmodSync(fd, entry.mode)
      } else if ((entry.mode & (0o7000 | this.umask)) !== 0) fchmodSync(fd, entry.mode)
      futimesSync(fd, ...times(entry))
    } finally {
      closeSync(fd)
    }
  }

  symlink(entry: TarEntry): void {
    if (entry.link === '' || entry.link.includes('\0')) {
      throw new ArchiveError('damaged', `the link ${JSON.stringify(entry.name)} has no target`)
    }
    this.enter(parentOf(entry.name))
    const path = this.path(entry.name)
    this.replacing(entry.name, () => symlinkSync(entry.link, path))
    this.own(() => lchownSync(path, entry.uid, entry.gid))
    lutimesSync(path, ...times(entry))
  }

  hardlink(entry: TarEntry): void {
    this.check(entry.link)
    this.enter(parentOf(entry.link))
    this.enter(parentOf(entry.name))
    const target = this.path(entry.link)
    const path = this.path(entry.name)
    if (!lstatSync(target).isFile()) {
      throw new ArchiveError('refused', `the hard link ${JSON.stringify(entry.name)} does not point at a file`)
    }
    if (entry.link === entry.name) return
    this.replacing(entry.name, () => linkSync(target, path))
  }

  /** Gives the directories their modes and times: last, because entries inside change them, and some are read-only. */
  finish(failed: (entry: TarEntry, error: unknown) => void): void {
    for (const entry of this.directories.reverse()) {
      if (!this.verified.has(entry.name)) continue
      const path = this.path(entry.name)
      try {
        this.own(() => lchownSync(path, entry.uid, entry.gid))
        chmodSync(path, entry.mode)
        utimesSync(path, ...times(entry))
      } catch (error) {
        failed(entry, error)
      }
    }
  }

  /** Absolute path of a name. */
  path(name: string): string {
    return `${this.base}/${name}`
  }

  /** In a user namespace root may not know the archive's ids; then the files stay the agent's own. */
  private own(change: () => void): void {
    if (!this.owners) return
    try {
      change()
    } catch (error) {
      if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'EINVAL') throw error
      this.owners = false
    }
  }

  /** The file gets the owner and group that the agent's new files have anyway. */
  private isOwn(entry: TarEntry): boolean {
    return !this.owners || (entry.uid === this.uid && entry.gid === this.gid)
  }

  /**
   * Whether a file made in this directory got just the owner, group and mode that were asked for. Setgid directories,
   * default ACLs and mount options change them, so the first file of each directory is asked.
   */
  private bornPlain(fd: number, entry: TarEntry): boolean {
    const directory = parentOf(entry.name)
    if (this.plainParent === directory) return true
    const { uid, gid, mode } = fstatSync(fd)
    if (this.owners && (uid !== this.uid || gid !== this.gid)) return false
    if ((mode & 0o777) !== (entry.mode & 0o777 & ~this.umask)) return false
    this.plainParent = directory
    return true
  }

  private isInside(name: string): boolean {
    return this.roots.some((root) => root === '' || name === root || name.startsWith(`${root}/`))
  }

  /** Makes sure that a directory is there and may be written into. */
  private enter(name: string): void {
    if (this.verified.has(name)) return
    this.enter(parentOf(name))
    const path = this.path(name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) mkdirSync(path)
    else if (stat.isSymbolicLink() && !this.isInside(name) && statSync(path).isDirectory()) {
      this.verified.add(name)
      return
    } else if (stat.isSymbolicLink()) {
      throw new ArchiveError('refused', `${path} is a symbolic link; the archive must not write through it`)
    } else if (!stat.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
    this.verified.add(name)
  }

  /** Runs `make`; when something of that name is in the way, removes it (a directory only when empty) and tries again. */
  private replacing<T>(name: string, make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const path = this.path(name)
    if (lstatSync(path).isDirectory()) {
      rmdirSync(path)
      this.verified.delete(name)
    } else unlinkSync(path)
    return make()
  }
}

/** Node takes a negative number for "now"; a Date it believes. */
function times({ mtime }: TarEntry): [number | Date, number | Date] {
  const time = mtime < 0 ? new Date(mtime * 1000) : mtime
  return [time, time]
}

function isPlain(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..'
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}
