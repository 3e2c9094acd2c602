const sentences = new Map<string, string>([
  ['ENOENT', 'no such file or directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['ENOTDIR', 'not a directory'],
  ['EISDIR', 'is a directory'],
  ['EEXIST', 'file exists'],
  ['ENOTEMPTY', 'directory not empty'],
  ['ENAMETOOLONG', 'file name too long'],
  ['ELOOP', 'too many levels of symbolic links'],
  ['EROFS', 'read-only file system'],
  ['ENOSPC', 'no space left on device'],
  ['EDQUOT', 'disk quota exceeded'],
])

/** The error code of a failed system call, or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** What went wrong with a file, as people know it from their shell; without the path. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return (code && (sentences.get(code) ?? code)) || (error instanceof Error ? error.message : String(error))
}
