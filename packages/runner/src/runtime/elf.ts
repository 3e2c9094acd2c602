const machines = { x64: 62, arm64: 183 } as const
export type Machine = keyof typeof machines

const loadAddress = 0x400000n
const headerSize = 64
const segmentSize = 56

/** An ELF file that runs these instructions without any library: a page to read and execute, entered at its first byte. */
export function elfProgram(arch: Machine, text: Buffer): Buffer {
  const start = headerSize + segmentSize
  const size = BigInt(start + text.length)

  const header = Buffer.alloc(headerSize)
  header.write('\x7fELF', 'latin1')
  header.writeUInt8(2, 4) // 64 bit
  header.writeUInt8(1, 5) // little endian
  header.writeUInt8(1, 6) // version
  header.writeUInt16LE(2, 16) // an executable at a fixed address
  header.writeUInt16LE(machines[arch], 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(loadAddress + BigInt(start), 24) // entry
  header.writeBigUInt64LE(BigInt(headerSize), 32) // where the segment table is
  header.writeUInt16LE(headerSize, 52)
  header.writeUInt16LE(segmentSize, 54)
  header.writeUInt16LE(1, 56) // segments

  const segment = Buffer.alloc(segmentSize)
  segment.writeUInt32LE(1, 0) // to be loaded
  segment.writeUInt32LE(5, 4) // readable, executable
  segment.writeBigUInt64LE(loadAddress, 16)
  segment.writeBigUInt64LE(loadAddress, 24)
  segment.writeBigUInt64LE(size, 32)
  segment.writeBigUInt64LE(size, 40)
  segment.writeBigUInt64LE(4096n, 48)
  return Buffer.concat([header, segment, text])
}
