/**
 * The tar dialect of caches and workspaces: ustar headers, a pax header only for names that do not fit, base-256 for
 * numbers that do not fit. `tar` reads it. One liberty: ustar leaves the last 12 bytes of a header unused; nine of
 * them carry the nanoseconds of the mtime. A pax record would do the same at three times the header size, for every
 * single file.
 *
 * The reader takes exactly what the writer makes and refuses the rest: an archive is a stranger's data.
 */
import { ArchiveError } from './archive-error.ts'

export const blockSize = 512

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink'

export type TarEntry = {
  type: EntryType
  /** Relative, `/` as separator, neither first nor last. */
  name: string
  /** Target of a symlink (verbatim) or name of the earlier entry that a hard link points at; else empty. */
  link: string
  /** Permission bits with setuid, setgid and sticky. */
  mode: number
  uid: number
  gid: number
  /** Bytes of content; 0 for all but files. */
  size: number
  /** Seconds since 1970. Doubles hold about a quarter of a microsecond. */
  mtime: number
}

const flagOf: Record<EntryType, string> = { file: '0', hardlink: '1', symlink: '2', directory: '5' }
const typeOf = new Map<string, EntryType>([
  ['0', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['5', 'directory'],
])
const paxFlag = 'x'
/** More than any file system's longest path, twice (name and link), with room for the record frames. */
const maxPaxBytes = 16 * 1024

/** Header bytes of an entry: one block, or three when a name needs a pax header. */
export function encodeHeader(entry: TarEntry): Buffer {
  const name = entry.type === 'directory' ? `${entry.name}/` : entry.name
  const nameBytes = Buffer.byteLength(name)
  const linkBytes = Buffer.byteLength(entry.link)
  if (nameBytes <= 100 && linkBytes <= 100) {
    const block = Buffer.allocUnsafe(blockSize)
    writeBlock(block, entry, flagOf[entry.type], name)
    return block
  }
  const records = Buffer.concat([
    nameBytes > 100 ? paxRecord('path', name) : Buffer.alloc(0),
    linkBytes > 100 ? paxRecord('linkpath', entry.link) : Buffer.alloc(0),
  ])
  const start = blockSize + padded(records.length)
  const bytes = Buffer.alloc(start + blockSize)
  writeBlock(
    bytes.subarray(0, blockSize),
    { ...entry, link: '', mode: 0o644, size: records.length },
    paxFlag,
    'pax-header',
  )
  records.copy(bytes, blockSize)
  writeBlock(bytes.subarray(start), entry, flagOf[entry.type], name)
  return bytes
}

function writeBlock(block: Buffer, entry: TarEntry, flag: string, name: string): void {
  const seconds = Math.floor(entry.mtime)
  block.set(blank)
  writeClipped(block, name, 0)
  writeNumber(block, entry.mode, 100, 8)
  writeNumber(block, entry.uid, 108, 8)
  writeNumber(block, entry.gid, 116, 8)
  writeNumber(block, entry.size, 124, 12)
  writeNumber(block, seconds, 136, 12)
  block.write(flag, 156, 'latin1')
  writeClipped(block, entry.link, 157)
  const nanoseconds = Math.min(999_999_999, Math.round((entry.mtime - seconds) * 1e9))
  writeDigits(block, nanoseconds, 10, 500, 9)
  writeDigits(block, checksum(block), 8, 148, 6)
  // Behind the checksum, which counts its own field as blanks, stand a zero byte and a blank.
  block[154] = 0
}

function writeClipped(block: Buffer, text: string, offset: number): void {
  // A text is clipped between two characters; what does not fit stands in a pax header.
  if (text !== '') block.write(text, offset, 100, 'utf8')
}

/** What every header has: the format's name, and blanks in the place of the checksum. */
const blank = Buffer.alloc(blockSize)
blank.write('ustar\x0000', 257, 'latin1')
blank.fill(' ', 148, 156)

/** The last `count` digits. By hand: there are seven numbers in each header, and headers of small files are half the work. */
function writeDigits(block: Buffer, value: number, base: number, offset: number, count: number): number {
  let rest = value
  for (let at = offset + count - 1; at >= offset; at--) {
    const next = Math.floor(rest / base)
    block[at] = 48 + (rest - next * base)
    rest = next
  }
  return rest
}

function writeNumber(block: Buffer, value: number, offset: number, width: number): void {
  if (value >= 0 && writeDigits(block, value, 8, offset, width - 1) === 0) return
  let rest = BigInt.asUintN(8 * (width - 1), BigInt(value))
  for (let i = offset + width - 1; i > offset; i--) {
    block[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  block[offset] = value < 0 ? 0xff : 0x80
}

function paxRecord(key: string, value: string): Buffer {
  const body = Buffer.byteLength(` ${key}=${value}\n`)
  let length = body + String(body).length
  if (String(length).length !== String(body).length) length = body + String(length).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

export type TarHeader = { kind: 'entry'; entry: TarEntry } | { kind: 'pax'; size: number } | { kind: 'end' }

/**
 * Reads one header block. A block of zeros is the end.
 * @throws ArchiveError on anything that `encodeHeader` does not make.
 */
export function decodeHeader(block: Buffer): TarHeader {
  const sum = Number.parseInt(block.toString('latin1', 148, 156), 8)
  if (Number.isNaN(sum)) {
    if (block.every((byte) => byte === 0)) return { kind: 'end' }
    throw new ArchiveError('damaged', 'a header has no checksum')
  }
  if (sum !== checksum(block)) throw new ArchiveError('damaged', 'a header does not match its checksum')
  const flag = String.fromCharCode(block[156] ?? 0)
  const size = readNumber(block, 124, 12)
  if (size < 0) throw new ArchiveError('damaged', 'an entry has a negative size')
  if (flag === paxFlag) {
    if (size > maxPaxBytes) throw new ArchiveError('refused', 'an entry has a name that is too long')
    return { kind: 'pax', size }
  }
  const name = text(block, 0, 100)
  const type = typeOf.get(flag)
  if (type === undefined) throw new ArchiveError('refused', `entry ${quote(name)} is of the kind ${quote(flag)}`)
  if (type !== 'file' && size !== 0) throw new ArchiveError('damaged', `${type} ${quote(name)} has content`)
  const nanoseconds = Number.parseInt(block.toString('latin1', 500, 509), 10) || 0
  return {
    kind: 'entry',
    entry: {
      type,
      name,
      link: text(block, 157, 100),
      mode: readNumber(block, 100, 8) & 0o7777,
      uid: readNumber(block, 108, 8),
      gid: readNumber(block, 116, 8),
      size,
      mtime: readNumber(block, 136, 12) + nanoseconds / 1e9,
    },
  }
}

/** The long names of a pax header. @throws ArchiveError when its records are malformed. */
export function decodePax(records: Buffer): { name?: string; link?: string } {
  const names: { name?: string; link?: string } = {}
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(0x20, at)
    const length = space < 0 ? Number.NaN : Number(records.toString('latin1', at, space))
    const record = records.subarray(space + 1, at + length)
    const equals = record.indexOf('=')
    if (!Number.isInteger(length) || at + length > records.length || equals < 0 || record.at(-1) !== 0x0a) {
      throw new ArchiveError('damaged', 'a pax header is malformed')
    }
    const value = record.toString('utf8', equals + 1, record.length - 1)
    const key = record.toString('latin1', 0, equals)
    if (key === 'path') names.name = value
    if (key === 'linkpath') names.link = value
    at += length
  }
  return names
}

/** Bytes up to the next block border. */
export function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let i = 0; i < 148; i++) sum += block[i] ?? 0
  for (let i = 156; i < blockSize; i++) sum += block[i] ?? 0
  return sum
}

function readNumber(block: Buffer, offset: number, width: number): number {
  const first = block[offset] ?? 0
  if ((first & 0x80) === 0) {
    const value = Number.parseInt(block.toString('latin1', offset, offset + width) || '0', 8)
    if (Number.isNaN(value)) throw new ArchiveError('damaged', 'a header holds a malformed number')
    return value
  }
  let value = first === 0xff ? -1n : BigInt(first & 0x7f)
  for (let i = offset + 1; i < offset + width; i++) value = (value << 8n) | BigInt(block[i] ?? 0)
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new ArchiveError('damaged', 'a header holds a number that is too large')
  return number
}

function text(block: Buffer, offset: number, width: number): string {
  const end = block.indexOf(0, offset)
  return block.toString('utf8', offset, end < 0 || end > offset + width ? offset + width : end)
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 200))
}
