import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { lstat, mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Extract, extract, type Header } from 'tar-stream'
import type { ProcessContext } from '../process-context.ts'
import { failed, type StepResult, succeeded } from '../step.ts'

/**
 * For images without git, or without the ssh client that the repository needs: the commit's files as the server packs
 * them. There is no `.git` afterwards.
 */
export async function unpackSource(path: string, missing: string, context: ProcessContext): Promise<StepResult> {
  const { sha } = context.spec.checkout
  context.write(
    `Warning: this image has no ${missing}. The files of the commit are unpacked without the repository: later git commands ` +
      'will not work here.\n',
  )
  const unpacker = extract()
  const [files] = await Promise.all([unpackEntries(unpacker, path), feed(unpacker, context)])
  if (files === 0) {
    context.write(`The commit ${sha} holds no files.\n`)
    return failed
  }
  context.write(`Unpacked ${files} files of ${sha}\n`)
  return succeeded
}

async function feed(unpacker: Extract, context: ProcessContext): Promise<void> {
  for await (const chunk of context.uplink.download('/source.tar')) {
    if (!unpacker.write(chunk)) await once(unpacker, 'drain', { signal: context.signal })
  }
  unpacker.end(null)
}

function unpackEntries(unpacker: Extract, into: string): Promise<number> {
  const made = new Set<string>()
  let files = 0
  return new Promise((resolve, reject) => {
    unpacker.on('entry', (header, content, next) => {
      unpackEntry(header, content, into, made).then((isFile) => {
        if (isFile) files += 1
        content.resume()
        next(null)
      }, next)
    })
    unpacker.on('finish', () => resolve(files))
    unpacker.on('error', reject)
  })
}

/** True when it was a file or a link. */
async function unpackEntry(
  { name, type, mode, linkname }: Header,
  content: AsyncIterable<unknown>,
  into: string,
  made: Set<string>,
): Promise<boolean> {
  if ((type !== 'file' && type !== 'symlink' && type !== 'directory') || name === './') return false
  const target = join(into, checkName(name))
  await makeParents(into, type === 'directory' ? target : dirname(target), made)
  if (type === 'directory') return false
  if (type === 'symlink') await symlink(linkname ?? '', target)
  else await pipeline(content, createWriteStream(target, { flags: 'wx', mode: mode & 0o777 }))
  return true
}

/** Trees of commits hold plain relative names; anything else is not what the server makes. */
function checkName(name: string): string {
  const parts = name.replace(/\/$/, '').split('/')
  if (name.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new Error(`the source archive holds the unsafe name ${JSON.stringify(name)}`)
  }
  return parts.join('/')
}

/** Makes directories one by one, so that none of them can be a link that an earlier entry brought. */
async function makeParents(root: string, path: string, made: Set<string>): Promise<void> {
  if (path === root || made.has(path)) return
  await makeParents(root, dirname(path), made)
  const found = await lstat(path).catch(() => undefined)
  if (found !== undefined && !found.isDirectory()) throw new Error(`${path} is in the way of a directory`)
  if (found === undefined) await mkdir(path)
  made.add(path)
}
