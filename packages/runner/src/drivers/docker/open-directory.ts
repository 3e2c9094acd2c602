import { placePaths } from '@orrery/protocol'
import { nodeLine } from './agent-line.ts'
import { unlessGone } from './client.ts'
import type { Engine } from './engine.ts'
import { containerExit } from './exits.ts'
import { emptyImage, ensureEmptyImage } from './holder.ts'
import { labels } from './settings.ts'

const tree = '/tree'

/** Links are not followed: what they lead to is not what the job left. */
const script = `
const { chmodSync, readdirSync } = require('node:fs')
for (const open = ['${tree}']; open.length > 0; ) {
  const path = open.pop()
  chmodSync(path, 0o777)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = path + '/' + entry.name
    if (entry.isDirectory()) open.push(inner)
    else if (entry.isFile()) chmodSync(inner, 0o666)
  }
}`

/**
 * Lets everybody who comes to `path` read, write and remove what is below it: files belong to the users that the places'
 * processes ran as, and a runner without root's rights is none of them. Only the engine can give them away, so this is a
 * container, with that directory and nothing else.
 */
export async function openDirectory(engine: Engine, path: string): Promise<void> {
  const { docker, runnerId, runtimeDirectory } = engine
  await ensureEmptyImage(docker)
  const container = await docker.createContainer({
    Image: emptyImage,
    Entrypoint: [...nodeLine(false), '-e', script],
    Cmd: [],
    User: '0:0',
    Labels: { [labels.runner]: runnerId },
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE', 'FOWNER'],
      ReadonlyRootfs: true,
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [
        { Type: 'bind', Source: runtimeDirectory, Target: placePaths.runtime, ReadOnly: true },
        { Type: 'bind', Source: path, Target: tree },
      ],
    },
  })
  try {
    await container.start()
    const { exitCode } = await containerExit(docker, container.id)
    if (exitCode !== 0) throw new Error(`${path} could not be opened (exit code ${exitCode})`)
  } finally {
    await unlessGone(container.remove({ force: true, v: true }))
  }
}
