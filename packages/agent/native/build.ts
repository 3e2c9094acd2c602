/**
 * `node packages/agent/native/build.ts`: compiles launch.c for each architecture with GCC (Debian: gcc-x86-64-linux-gnu,
 * gcc-aarch64-linux-gnu). The results are kept in the repository, so that nobody needs a compiler to use or test Orrery;
 * each holds the SHA-256 of the source that it was made from, which a test compares.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('launch.c', import.meta.url))
const machines = { x64: 'x86_64', arm64: 'aarch64' }
const flags = [
  '-Os',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fno-builtin',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-pie',
  '-no-pie',
  '-mgeneral-regs-only',
  '-s',
  '-Wl,--build-id=none,-n,-z,noseparate-code,-z,norelro',
]

const hash = createHash('sha256').update(readFileSync(source)).digest('hex')
for (const [arch, machine] of Object.entries(machines)) {
  const output = fileURLToPath(new URL(`launch.${arch}`, import.meta.url))
  execFileSync(`${machine}-linux-gnu-gcc`, [...flags, `-DSOURCE="${hash}"`, '-o', output, source], { stdio: 'inherit' })
  const dropped = ['.comment', '.note.gnu.property'].flatMap((name) => ['-R', name])
  execFileSync(`${machine}-linux-gnu-strip`, [...dropped, output], { stdio: 'inherit' })
}
