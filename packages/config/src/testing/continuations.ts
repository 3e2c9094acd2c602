import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { corpus } from './corpus.ts'

export interface Continuation {
  /** `OWNER__REPOSITORY/path`. */
  file: string
  text: string
  /** Text of the setup config of the same repository. */
  setup: string
}

/** Companions of the corpus' setup configs: what their setup jobs continue with, or parts of it. */
export function corpusContinuations(): Continuation[] {
  const folder = join(corpus, 'configs', 'continuation')
  if (!existsSync(folder)) return []
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ya?ml$/.test(file))
  return files.sort().map((file) => ({
    file,
    text: readFileSync(join(folder, file), 'utf8'),
    setup: readFileSync(join(corpus, 'configs', `${file.split('/')[0]}.yml`), 'utf8'),
  }))
}
