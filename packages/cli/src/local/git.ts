import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { OrreryError } from '@orrery/protocol'

const run = promisify(execFile)

/**
 * Runs git and answers its trimmed output.
 *
 * @throws OrreryError ORY_GIT with git's own words.
 */
export async function git(
  directory: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  try {
    const options = { cwd: directory, env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 }
    return (await run('git', [...args], options)).stdout.trim()
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new OrreryError('ORY_GIT', [args[0] ?? '', (stderr || message).trim()], { cause: error })
  }
}
