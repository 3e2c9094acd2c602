/** For people, on stderr: stdout belongs to whoever reads the names. */
export function warn(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}

/** One line for each, but of many only the first: the log is for reading. */
export function warnOfEach(names: readonly string[], sentence: (name: string) => string): void {
  const most = 20
  for (const name of names.slice(0, most)) warn(sentence(name))
  if (names.length > most) warn(`… and ${names.length - most} more`)
}

/** `say` of a command: silent unless `--verbose` was given. */
export function debugOf(verbose: boolean): (sentence: string) => void {
  return (sentence) => {
    if (verbose) warn(sentence)
  }
}
