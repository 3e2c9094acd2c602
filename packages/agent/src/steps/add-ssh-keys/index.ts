import type { AddSshKeysStep, SshKey } from '@orrery/protocol'
import { reasonOf } from '../../archive/reason.ts'
import { hasFingerprint } from '../../ssh/fingerprints.ts'
import { SshDirectory } from '../../ssh/ssh-directory.ts'
import type { ProcessContext } from '../process-context.ts'
import { failed, type StepResult, succeeded } from '../step.ts'

/** Puts the project's additional keys where ssh finds them (spec: execution.md 10.7). */
export async function execute(step: AddSshKeysStep, context: ProcessContext): Promise<StepResult> {
  const keys = choose(step.fingerprints, context.spec.sshKeys)
  if ('unknown' in keys) {
    const sentence = `No additional SSH key of this project has the fingerprint ${keys.unknown}`
    context.write(`${sentence}\n`)
    return { ...failed, hint: sentence }
  }
  if (keys.chosen.length === 0) {
    context.write('This project has no additional SSH keys.\n')
    return succeeded
  }
  const directory = new SshDirectory(context.home)
  try {
    await directory.make()
    for (const key of keys.chosen) await install(key, directory, context)
  } catch (error) {
    context.write(`The keys cannot be written to ${directory.path}: ${reasonOf(error)}\n`)
    return failed
  }
  return await load(keys.chosen, directory, context)
}

/** In the order of the step; without fingerprints all keys of the project. */
function choose(fingerprints: readonly string[], all: readonly SshKey[]): { chosen: SshKey[] } | { unknown: string } {
  if (fingerprints.length === 0) return { chosen: [...all] }
  const chosen = new Set<SshKey>()
  for (const fingerprint of fingerprints) {
    const key = all.find((one) => hasFingerprint(one, fingerprint))
    if (key === undefined) return { unknown: fingerprint }
    chosen.add(key)
  }
  return { chosen: [...chosen] }
}

function fileOf(key: SshKey): string {
  return `id_rsa_${key.fingerprintMd5.replaceAll(':', '')}`
}

async function install(key: SshKey, directory: SshDirectory, context: ProcessContext): Promise<void> {
  const host = key.hostname === '' ? '*' : key.hostname
  await directory.write(fileOf(key), key.privateKey.endsWith('\n') ? key.privateKey : `${key.privateKey}\n`)
  const block = `Host ${host}\n  IdentitiesOnly no\n  IdentityFile ${directory.file(fileOf(key))}`
  await directory.append('config', [block])
  context.write(`Installing key ${key.fingerprintMd5} (SHA256:${key.fingerprintSha256}) for ${host}\n`)
}

async function load(keys: readonly SshKey[], directory: SshDirectory, context: ProcessContext): Promise<StepResult> {
  const socket = await context.startKeyAgent()
  if (socket === undefined) {
    context.write('This image has no ssh-agent: the keys are in ~/.ssh only, and `ssh-add -l` will not list them.\n')
    return succeeded
  }
  const env = { ...context.env, SSH_AUTH_SOCK: socket }
  const argv: [string, ...string[]] = ['ssh-add', ...keys.map((key) => directory.file(fileOf(key)))]
  const end = await context.run({
    argv,
    cwd: directory.path,
    env,
    noOutputTimeoutS: context.spec.limits.noOutputTimeoutS,
  })
  if (end.kind === 'exited' && end.exitCode === 0) return succeeded
  if (end.kind !== 'stopped') context.write('The keys could not be loaded into ssh-agent.\n')
  return failed
}
