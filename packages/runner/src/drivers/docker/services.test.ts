import { expect, it } from 'vitest'
import { frames } from './services.ts'

it('takes frames apart wherever the stream was cut', async () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.alloc(8)
    header[0] = stream
    header.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([header, Buffer.from(text)])
  }
  const whole = Buffer.concat([frame(1, 'out one\n'), frame(2, ''), frame(2, 'err\n'), frame(1, 'ünd\n')])

  for (let size = 1; size <= whole.length; size++) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
      whole.subarray(index * size, (index + 1) * size),
    )
    const parts: Uint8Array[] = []
    for await (const part of frames(pieces)) parts.push(part)
    expect(Buffer.concat(parts).toString()).toBe('out one\nerr\nünd\n')
  }
})
