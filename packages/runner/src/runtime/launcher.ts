import { elfProgram } from './elf.ts'

/** What a step's log says when the kernel refuses its program; 100 characters, as the instructions below count. */
const sentence = 'The program of this step cannot be started: it is not for this system, or what it needs is missing.\n'

/** 14 is rt_sigprocmask, 57 fork, 3 close, 61 wait4, 231 exit_group, 33 dup2, 59 execve, 1 write. */
const instructions = [
  // _start: mov rax, [rsp]; lea r13, [rsp+24]; mov r15, [rsp+16]; lea r14, [rsp+rax*8+16]; sub rsp, 32; push -1; xor
  // edi, edi; mov rsi, rsp; lea rdx, [rsp+8]; push 8; pop r10; mov eax, 14; syscall
  '488b0424 4c8d6c2418 4c8b7c2410 4c8d74c410 4883ec20 6aff 31ff 4889e6 488d542408 6a08 415a b80e000000 0f05',
  // mov eax, 57; syscall
  'b839000000 0f05',
  // test rax, rax; js fail; jz child; mov ebx, eax; push 3; pop rdi; push 3; pop rax; syscall
  '4885c0 0f889c000000 7440 89c3 6a03 5f 6a03 58 0f05',
  // wait: mov edi, ebx; lea rsi, [rsp+16]; xor edx, edx; xor r10d, r10d; mov eax, 61; syscall
  '89df 488d742410 31d2 4531d2 b83d000000 0f05',
  // cmp eax, -4; je wait; test eax, eax; js fail; mov eax, [rsp+16]; mov edi, eax; and edi, 127; jz exited; sub edi,
  // -128; jmp exit
  '83f8fc 74e8 85c0 7874 8b442410 89c7 83e77f 7405 83ef80 eb03',
  // exited: movzx edi, ah
  '0fb6fc',
  // exit: mov eax, 231; syscall
  'b8e7000000 0f05',
  // child: push 2; pop rdi; lea rsi, [rsp+8]; xor edx, edx; mov eax, 14; syscall
  '6a02 5f 488d742408 31d2 b80e000000 0f05',
  // push 2; pop rbx
  '6a02 5b',
  // dup: push 3; pop rdi; mov esi, ebx; mov eax, 33; syscall
  '6a03 5f 89de b821000000 0f05',
  // dec ebx; jns dup; push 3; pop rdi; push 3; pop rax; syscall
  'ffcb 79f0 6a03 5f 6a03 58 0f05',
  // mov rdi, r15; mov rsi, r13; mov rdx, r14; push 59; pop rax; syscall
  '4c89ff 4c89ee 4c89f2 6a3b 58 0f05',
  // cmp eax, -8; jne fail; mov [r13], r15; lea rdi, shell[rip]; mov [r13-8], rdi; lea rsi, [r13-8]; mov rdx, r14;
  // push 59; pop rax; syscall
  '83f8f8 751b 4d897d00 488d3d29000000 49897df8 498d75f8 4c89f2 6a3b 58 0f05',
  // fail: push 2; pop rdi; lea rsi, text[rip]; mov edx, 100; push 1; pop rax; syscall
  '6a02 5f 488d3517000000 ba64000000 6a01 58 0f05',
  // push 126; pop rdi; jmp exit
  '6a7e 5f eb86',
]

/**
 * `launch PATH ARGV0 ARGV1 …` leads the session of one step (the agent's process/launch.ts): starts the program at PATH
 * with descriptor 3 as stdin, stdout and stderr, waits for it and ends with its exit code, or with 128 + the signal that
 * killed it. Only SIGKILL ends it before. A script without a first line is given to /bin/sh.
 *
 * /bin/sh can do the same, as it does where this is not known, and needs 0.7 ms more for each step: it is loaded with its
 * libraries only to wait.
 */
export function launcherProgram(arch: string): Buffer | undefined {
  if (arch !== 'x64') return undefined
  const code = Buffer.from(instructions.join('').replaceAll(' ', ''), 'hex')
  return elfProgram(arch, Buffer.concat([code, Buffer.from(`/bin/sh\0${sentence}`)]))
}
