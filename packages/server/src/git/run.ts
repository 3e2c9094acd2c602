import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { OrreryError } from '@orrery/protocol'

export interface GitOptions {
  /** Repository folder, or nothing for commands outside one. */
  repository?: string
  /** More output than this is an error. */
  maxBytes?: number
}

/**
 * Settings for every git process of this server, given from outside so that no repository's own file can change them.
 * Pushed objects are checked, partial clones are served, hooks come from one folder of ours and automatic housekeeping
 * is off (it would outlive the request and hold its pipes).
 */
export function gitEnvironment(settings: Record<string, string> = {}): Record<string, string> {
  const all = {
    'safe.directory': '*',
    'uploadpack.allowFilter': 'true',
    'uploadpack.allowAnySHA1InWant': 'true',
    'receive.fsckObjects': 'true',
    // Harmless flaws of old histories; refusing them would keep old projects out.
    'receive.fsck.zeroPaddedFilemode': 'warn',
    'receive.fsck.missingSpaceBeforeDate': 'warn',
    'receive.fsck.badTimezone': 'warn',
    'receive.maxInputSize': '4g',
    'receive.autogc': 'false',
    'gc.auto': '0',
    'maintenance.auto': 'false',
    'core.hooksPath': '/dev/null',
    ...settings,
  }
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:https',
    GIT_CONFIG_COUNT: String(Object.keys(all).length),
  }
  Object.entries(all).forEach(([name, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = name
    environment[`GIT_CONFIG_VALUE_${index}`] = value
  })
  return environment
}

/** Runs git and answers its output. ORY_GIT with git's own words when it fails. */
export async function git(args: string[], options: GitOptions = {}): Promise<Buffer> {
  const result = await tryGit(args, options)
  if (result.code !== 0) throw new OrreryError('ORY_GIT', [args[0] ?? '', result.stderr.trim().slice(-500)])
  return result.stdout
}

/** The same, for commands whose exit code is an answer. */
export async function tryGit(
  args: string[],
  options: GitOptions = {},
): Promise<{ code: number | null; stdout: Buffer; stderr: string }> {
  const child = spawn('git', [...inRepository(options.repository), ...args], {
    env: gitEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const max = options.maxBytes ?? 16 * 1024 * 1024
  const chunks: Buffer[] = []
  let size = 0
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > max) child.kill('SIGKILL')
    else chunks.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 64 * 1024) stderr += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(new OrreryError('ORY_GIT', [args[0] ?? '', error.message])))
    child.on('close', resolve)
  })
  if (size > max) throw new OrreryError('ORY_TOO_LARGE', [`the output of git ${args[0]}`, `${max} bytes`])
  return { code, stdout: Buffer.concat(chunks), stderr }
}

/** Runs git and hands its output on as it comes; destroying the stream ends git. Fails the stream when git fails. */
export function gitStream(args: string[], repository: string): Readable {
  const child = spawn('git', [...inRepository(repository), ...args], {
    env: gitEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.on('error', (error) => child.stdout.destroy(new OrreryError('ORY_GIT', [args[0] ?? '', error.message])))
  child.on('exit', (code) => {
    if (code !== 0) child.stdout.destroy(new OrreryError('ORY_GIT', [args[0] ?? '', `exit code ${code}`]))
  })
  child.stdout.on('close', () => child.kill('SIGKILL'))
  return child.stdout
}

function inRepository(repository: string | undefined): string[] {
  return repository === undefined ? [] : ['--git-dir', repository]
}
