import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Milliseconds that the engine's own client takes for one command, from start to end of the process. */
export async function timeDocker(...args: string[]): Promise<number> {
  const started = performance.now()
  await run('docker', args)
  return performance.now() - started
}

/** Runs a container that does nothing, for `docker exec`; answers its id. */
export async function idleContainer(image: string): Promise<string> {
  return (await run('docker', ['run', '-d', '--rm', image, 'sleep', '600'])).stdout.trim()
}

export async function removeContainer(id: string): Promise<void> {
  await run('docker', ['rm', '-f', id])
}
