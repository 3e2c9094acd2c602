import type { Namespace } from './namespace.ts'

/** What the driver holds for one task. */
export interface TaskBelongings {
  taskId: string
  /** Undefined when it is gone already. */
  namespace: Namespace | undefined
  /** Of a task that took a container that was started ahead: that place. */
  warm?: { placeId: string; containerId: string }
}
