import { execFileSync } from 'node:child_process'
import { docker } from './kit.ts'

/** The engine of `setup_remote_docker` where no registry is reached (scripts/lib/recipes.mjs). */
export const remoteEngine = 'orrery/remote-docker:20.10'
/** A job's image with a docker client and git, with `/seed`, from which images can be built, and with an engine's address that leads nowhere. */
export const clientImage = 'orrery-test/docker-client'

/** Makes the image; answers how to remove it. */
export function makeClientImage(): () => Promise<void> {
  const copy = 'COPY --from=orrery-test/busybox /bin/busybox /seed/bin/busybox'
  execFileSync('docker', ['build', '-q', '-t', clientImage, '-'], {
    input: `FROM ${remoteEngine}\nENTRYPOINT []\nENV DOCKER_HOST=tcp://127.0.0.1:1\n${copy}\nRUN ln -s busybox /seed/bin/sh\n`,
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  })
  return async () => {
    await docker.getImage(clientImage).remove({ force: true })
  }
}

/** Makes image `seed` on the engine that `docker` talks to: nothing but busybox. */
export const seed = 'tar -C /seed -c . | docker import - seed >/dev/null'
