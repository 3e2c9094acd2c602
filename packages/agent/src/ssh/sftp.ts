import { constants as fsConstants, type Stats } from 'node:fs'
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
} from 'node:fs/promises'
import { join, resolve } from 'node:path'
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2'
import { z } from 'zod'

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp

/** An open file, or a directory whose names are still to be told. */
type Open = { file: FileHandle } | { path: string; names: string[] }

/** Most bytes of one answer. */
const longestRead = 256 * 1024
const namesPerAnswer = 200

/** Files by SFTP, which `scp` speaks too. Everything is done as the step user, who may do nothing more by a shell. */
export function serveFiles(sftp: SFTPWrapper, home: string): void {
  const handles = new Map<number, Open>()
  let next = 0
  const keep = (id: number, what: Open): void => {
    const name = Buffer.alloc(4)
    name.writeUInt32BE(next, 0)
    handles.set(next++, what)
    sftp.handle(id, name)
  }
  const of = (name: Buffer): Open => {
    const found = name.length === 4 ? handles.get(name.readUInt32BE(0)) : undefined
    if (found === undefined) throw new Error('no such handle')
    return found
  }
  const fileOf = (name: Buffer): FileHandle => {
    const found = of(name)
    if ('file' in found) return found.file
    throw new Error('not a file')
  }
  const at = (path: string): string => resolve(home, path)
  /** Answers `OK` when the work itself answered nothing. */
  const does = (id: number, work: () => Promise<unknown>): void => {
    work().then(
      (answered) => {
        if (answered !== true) sftp.status(id, STATUS_CODE.OK)
      },
      (error: unknown) => sftp.status(id, codeOf(error), error instanceof Error ? error.message : String(error)),
    )
  }
  const tells = (id: number, work: () => Promise<Stats>): void =>
    does(id, async () => {
      sftp.attrs(id, attributesOf(await work()))
      return true
    })

  sftp.on('OPEN', (id, path, flags, attrs) =>
    does(id, async () => {
      keep(id, { file: await open(at(path), flagsOf(flags), attrs.mode ? attrs.mode & 0o7777 : 0o666) })
      return true
    }),
  )
  sftp.on('READ', (id, handle, offset, length) =>
    does(id, async () => {
      const block = Buffer.allocUnsafe(Math.min(length, longestRead))
      const { bytesRead } = await fileOf(handle).read(block, 0, block.length, offset)
      if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF)
      else sftp.data(id, block.subarray(0, bytesRead))
      return true
    }),
  )
  sftp.on('WRITE', (id, handle, offset, data) =>
    does(id, async () => {
      for (let done = 0; done < data.length; ) {
        done += (await fileOf(handle).write(data, done, data.length - done, offset + done)).bytesWritten
      }
    }),
  )
  sftp.on('CLOSE', (id, handle) =>
    does(id, async () => {
      const found = of(handle)
      handles.delete(handle.readUInt32BE(0))
      if ('file' in found) await found.file.close()
    }),
  )
  sftp.on('OPENDIR', (id, path) =>
    does(id, async () => {
      keep(id, { path: at(path), names: ['.', '..', ...(await readdir(at(path)))] })
      return true
    }),
  )
  sftp.on('READDIR', (id, handle) =>
    does(id, async () => {
      const found = of(handle)
      if (!('names' in found)) throw new Error('not a directory')
      const names = found.names.splice(0, namesPerAnswer)
      const entries = await Promise.all(names.map((name) => entryOf(found.path, name)))
      if (names.length === 0) sftp.status(id, STATUS_CODE.EOF)
      else sftp.name(id, entries.flat())
      return true
    }),
  )
  sftp.on('STAT', (id, path) => tells(id, () => stat(at(path))))
  sftp.on('LSTAT', (id, path) => tells(id, () => lstat(at(path))))
  sftp.on('FSTAT', (id, handle) => tells(id, () => fileOf(handle).stat()))
  sftp.on('SETSTAT', (id, path, attrs) =>
    does(id, async () => {
      await using file = await open(at(path), 'r')
      await change(file, attrs)
    }),
  )
  sftp.on('FSETSTAT', (id, handle, attrs) => does(id, () => change(fileOf(handle), attrs)))
  sftp.on('REALPATH', (id, path) =>
    does(id, async () => {
      const real = await realpath(at(path)).catch(() => at(path))
      sftp.name(id, [{ filename: real, longname: real, attrs: noAttributes }])
      return true
    }),
  )
  sftp.on('READLINK', (id, path) =>
    does(id, async () => {
      const target = await readlink(at(path))
      sftp.name(id, [{ filename: target, longname: target, attrs: noAttributes }])
      return true
    }),
  )
  sftp.on('REMOVE', (id, path) => does(id, () => rm(at(path))))
  sftp.on('RMDIR', (id, path) => does(id, () => rmdir(at(path))))
  sftp.on('MKDIR', (id, path) => does(id, () => mkdir(at(path))))
  sftp.on('RENAME', (id, from, to) => does(id, () => rename(at(from), at(to))))
  // OpenSSH's client sends the two paths in this order, whatever the draft says.
  sftp.on('SYMLINK', (id, target, path) => does(id, () => symlink(target, at(path))))
  // The client has no more questions and waits for our end.
  sftp.on('end', () => {
    exitWith(sftp, 0)
    sftp.end()
  })
  sftp.on('close', () => {
    for (const one of handles.values()) if ('file' in one) void one.file.close().catch(() => undefined)
  })
}

/** The part of the library's stream that it does not show, though every other channel of it has an `exit`. */
const Ending = z.object({
  _protocol: z.custom<{ exitStatus(channel: number, code: number): void }>(
    (value) => typeof value === 'object' && value !== null && 'exitStatus' in value,
  ),
  outgoing: z.object({ id: z.number() }),
})

/** `scp` takes a missing exit status for a failure. */
function exitWith(sftp: SFTPWrapper, code: number): void {
  const { success, data } = Ending.safeParse(sftp)
  if (success) data._protocol.exitStatus(data.outgoing.id, code)
}

const noAttributes: Attributes = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 }

async function change(file: FileHandle, attrs: Partial<Attributes>): Promise<void> {
  if (attrs.mode !== undefined) await file.chmod(attrs.mode & 0o7777)
  if (attrs.size !== undefined) await file.truncate(attrs.size)
  if (attrs.mtime !== undefined) await file.utimes(attrs.atime ?? attrs.mtime, attrs.mtime)
}

async function entryOf(directory: string, name: string) {
  const found = await lstat(join(directory, name)).catch(() => undefined)
  if (found === undefined) return []
  return [
    {
      filename: name,
      longname: `${found.isDirectory() ? 'd' : '-'} ${found.size} ${name}`,
      attrs: attributesOf(found),
    },
  ]
}

function attributesOf(found: Stats): Attributes {
  const { mode, uid, gid, size, atimeMs, mtimeMs } = found
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
}

function flagsOf(flags: number): number {
  const both = (flags & OPEN_MODE.READ) !== 0 && (flags & OPEN_MODE.WRITE) !== 0
  const writes = both ? fsConstants.O_RDWR : flags & OPEN_MODE.WRITE ? fsConstants.O_WRONLY : fsConstants.O_RDONLY
  return (
    writes |
    (flags & OPEN_MODE.APPEND ? fsConstants.O_APPEND : 0) |
    (flags & OPEN_MODE.CREAT ? fsConstants.O_CREAT : 0) |
    (flags & OPEN_MODE.TRUNC ? fsConstants.O_TRUNC : 0) |
    (flags & OPEN_MODE.EXCL ? fsConstants.O_EXCL : 0)
  )
}

function codeOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return STATUS_CODE.NO_SUCH_FILE
  if (code === 'EACCES' || code === 'EPERM') return STATUS_CODE.PERMISSION_DENIED
  return STATUS_CODE.FAILURE
}
