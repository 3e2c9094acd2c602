import type { JobSpec } from '@orrery/protocol'
import type Docker from 'dockerode'
import type { EcrSettings } from './ecr.ts'
import type { GarSettings } from './gar.ts'
import type { ImageMapRule } from './settings.ts'

/** What the engine says of an image; undefined when it has none of the name. */
export type Look = Promise<Docker.ImageInspectInfo | undefined>

/** Where images come from, and what was learned about them lately. */
export interface ImageSource {
  docker: Docker
  imageMap: readonly ImageMapRule[]
  /** Images whose tag was compared with the registry lately: key → time in ms. */
  checked: Map<string, number>
  /** Logins that a cloud gave lately: key → login, time in ms. */
  logins: Map<string, { login: { username: string; password: string }; at: number }>
  /** What the engine was asked when a task came, while its directory was made: name of the image → answer. */
  looks: WeakMap<JobSpec, ReadonlyMap<string, Look>>
  /** Learnt by the probe: the engine can be asked what a registry has. Podman cannot; it can pull. */
  asksRegistries: boolean
  /** Learnt by the probe: images that never were in a registry show it. In containerd's store they do not. */
  tellsOrigins: boolean
  /** In place of what the name of the registry tells. */
  ecr?: EcrSettings | undefined
  gar?: GarSettings | undefined
}
