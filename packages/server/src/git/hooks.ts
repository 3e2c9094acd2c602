import { randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The only hooks of all repositories. A push's git process inherits one end of a socket pair as file descriptor 3: the
 * hook writes the changed refs to it, ends with a line `done`, and prints what comes back, which git shows to the person
 * who pushes. So a hook needs no address, no secret and no program but `cat`, and nobody else can speak to that socket.
 */
const script = (name: string) => `#!/bin/sh
# Written by Orrery at each start; changes are lost.
[ "$ORRERY_PUSH" = 3 ] || exit 0
{ echo ${name}; cat; echo done; } >&3
${name === 'pre-receive' ? 'read -r answer <&3 && [ "$answer" = go ]' : 'exec cat <&3'}
`

/** Writes the hooks and answers their folder, for `core.hooksPath`. */
export async function writeHooks(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'git-hooks')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of ['pre-receive', 'post-receive']) {
    // By rename: another server on this directory may be running the old one right now.
    const draft = join(folder, `.${name}-${randomUUID()}`)
    await writeFile(draft, script(name))
    await chmod(draft, 0o700)
    await rename(draft, join(folder, name))
  }
  return folder
}
