import { elfProgram, type Machine } from './elf.ts'

/** Machine code of `for (;;) pause()`, which every kernel of the architecture runs without any library. */
const code: Record<Machine, string> = {
  // mov eax, 34 (pause); syscall; jmp to the start
  x64: 'b822000000 0f05 ebf7',
  // mov x8, 73 (ppoll); mov x0…x3, 0; svc 0; b to the start. This architecture has no pause call.
  arm64: '280980d2 000080d2 010080d2 020080d2 030080d2 010000d4 faffff17',
}

/**
 * A program that waits for ever, as an ELF file of 130 bytes: main process of the containers that hold a network
 * namespace. It must run in an image that holds nothing, cost nothing, and start at once; a Node of 40 MB per idle
 * namespace would be a strange way to do nothing.
 */
export function holdProgram(arch: string): Buffer {
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`no program to hold namespaces is known for ${arch}`)
  return elfProgram(arch, Buffer.from(code[arch].replaceAll(' ', ''), 'hex'))
}
