import type { Behaviours } from '../behaviour.ts'
import { checkout } from './checkout.ts'
import { environment } from './environment.ts'
import { hostile } from './hostile.ts'
import { lifecycle } from './lifecycle.ts'
import { logs } from './logs.ts'
import { runOptions } from './run-options.ts'
import { shells } from './shells.ts'
import { sshKeys } from './ssh-keys.ts'

/** By job name. */
export const behaviours: Behaviours = {
  ...lifecycle,
  ...shells,
  ...environment,
  ...checkout,
  ...runOptions,
  ...sshKeys,
  ...hostile,
  ...logs,
}
