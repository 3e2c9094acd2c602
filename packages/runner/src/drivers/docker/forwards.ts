import type { ImageSpec, PlaceInfo } from '@orrery/protocol'

/**
 * Which ports of named services the agent shall offer on localhost too (spec: execution.md 4.4.5). A port that an
 * unnamed container exposes stays free for it: all of them share localhost and start at the same time as the agent,
 * which would otherwise be there first now and then, and leave the service without its port.
 *
 * @param ports what each image EXPOSEs, in the order of `images`
 */
export function forwardsOf(
  images: readonly Pick<ImageSpec, 'name'>[],
  ports: readonly (readonly number[])[],
): PlaceInfo['forwards'] {
  const isNamedService = (index: number) => index > 0 && images[index]?.name !== undefined
  const taken = new Set(images.flatMap((_, index) => (isNamedService(index) ? [] : (ports[index] ?? []))))
  const forwards: PlaceInfo['forwards'] = []
  for (const [index, { name: host }] of images.entries()) {
    if (!isNamedService(index) || host === undefined) continue
    for (const port of ports[index] ?? []) {
      if (taken.has(port)) continue
      taken.add(port)
      forwards.push({ host, port })
    }
  }
  return forwards
}
