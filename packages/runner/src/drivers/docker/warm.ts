import type { ImageSpec, ResourceClass } from '@orrery/protocol'
import type { Door } from '../../door.ts'
import type { ReadyImage } from './images.ts'
import type { Namespace } from './namespace.ts'

/** What a container that is started ahead is made from; two tasks with equal recipes can take each other's. */
export interface WarmRecipe {
  image: ImageSpec
  ready: ReadyImage
  resourceClass: ResourceClass
}

/** A started container whose agent waits for a task (protocol: place.ts). */
export interface WarmPlace {
  id: string
  key: string
  containerId: string
  namespace: Namespace
  /** The driver's directory of this place; below it `mnt`, until a task takes it over. */
  directory: string
  cgroupParent: string | undefined
  /** Where the agent has asked for its task. */
  door: Door
}
