import { readFile } from 'node:fs/promises'
import { OrreryError, type UserKeyView } from '@orrery/protocol'
import type { Command } from 'commander'
import { type ConnectionFlags, connect, connectionOptions } from './connection.ts'

export function addSshKeyCommand(program: Command): void {
  const key = program.command('ssh-key').description('Your public keys for jobs that you rerun with SSH.')
  connectionOptions(
    key
      .command('add')
      .description('Add a public key.')
      .argument('<file>', 'a .pub file')
      .option('--name <name>', 'how it is shown (default: its comment)'),
  )
    .addHelpText('after', '\nExample:\n  $ orrery ssh-key add ~/.ssh/id_ed25519.pub')
    .action(addKey)
  connectionOptions(key.command('list').description('List your keys.'))
    .addHelpText('after', '\nExample:\n  $ orrery ssh-key list')
    .action(listKeys)
  connectionOptions(
    key.command('remove').description('Remove a key.').argument('<id>', 'its id, as `orrery ssh-key list` shows it'),
  )
    .addHelpText('after', '\nExample:\n  $ orrery ssh-key remove 0b0ce5a5-3d5f-4d55-9a52-0c3a3a7b1d10')
    .action(removeKey)
}

async function addKey(file: string, flags: ConnectionFlags & { name?: string }): Promise<void> {
  const publicKey = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new OrreryError('ORY_BAD_REQUEST', [`${file} cannot be read (${error.code})`])
  })
  print([await (await connect(flags)).addSshKey({ publicKey, ...(flags.name && { name: flags.name }) })], flags)
}

async function listKeys(flags: ConnectionFlags): Promise<void> {
  print(await (await connect(flags)).sshKeys(), flags)
}

async function removeKey(id: string, flags: ConnectionFlags): Promise<void> {
  await (await connect(flags)).removeSshKey(id)
}

function print(keys: readonly UserKeyView[], { json }: ConnectionFlags): void {
  if (json) process.stdout.write(`${JSON.stringify(keys)}\n`)
  else for (const key of keys) process.stdout.write(`${key.id}\t${key.fingerprint}\t${key.name}\n`)
}
