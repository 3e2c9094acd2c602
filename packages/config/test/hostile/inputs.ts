import { many, repeated } from './growth.ts'
import { expressions, language, large, templates } from './language.ts'
import { long } from './names.ts'
import type { Hostile } from './texts.ts'
import { dense, yaml } from './yaml.ts'

/** Every hostile text, by what it is about. */
export const hostileInputs: Record<string, Hostile[]> = {
  yaml,
  dense,
  language,
  templates,
  expressions,
  long,
  repeated,
  many,
  large,
}
