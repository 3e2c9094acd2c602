import type { Command } from 'commander'
import { type CompileFlags, compileFile, compileOptions, defaultConfig } from '../../config-tools/compile.ts'
import { lockPath } from '../../config-tools/orbs.ts'
import { failWith, printDiagnostics, reporting } from '../../config-tools/report.ts'
import { writeLock } from '../../config-tools/write-lock.ts'

export function addLock(orb: Command): void {
  compileOptions(orb.command('lock'))
    .description('Resolve the orbs of a config anew and write their versions and digests to the lock file.')
    .argument('[file]', 'config file, `-` for standard input', defaultConfig)
    .addHelpText('after', '\nExample:\n  $ orrery orb lock --orbs ./orbs && git diff .circleci/orbs.lock')
    .action((file: string, flags: CompileFlags) => reporting(false, () => lock(file, flags)))
}

async function lock(file: string, flags: CompileFlags): Promise<void> {
  const { result } = await compileFile(file, flags, false)
  if (!result.ok) failWith(result.diagnostics)
  printDiagnostics(result.diagnostics)
  const path = lockPath(file, flags)
  await writeLock(path, result.orbLock)
  for (const { requested, resolved } of result.orbLock) process.stdout.write(`${requested} is ${resolved}\n`)
  const count = result.orbLock.length
  process.stdout.write(`${path}: ${count === 1 ? '1 orb is' : `${count} orbs are`} pinned.\n`)
}
