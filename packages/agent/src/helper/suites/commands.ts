/** Atoms that a `discover` command printed: one on a line, or all on one line with blanks between (16.1). */
export function atomsIn(output: string): string[] {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '')
  const atoms = lines.length === 1 ? (lines[0] ?? '').split(/\s+/) : lines.map((line) => line.trim())
  return [...new Set(atoms.filter((atom) => atom !== ''))]
}

/** A batch as the shell gets it. */
export interface BatchCommand {
  line: string
  input: string
}

/**
 * Fills the placeholders of a `run` command. Without `<< test.atoms >>` the atoms go to stdin, one on a line. Names come
 * from the repository, so whatever a shell would read in them is quoted.
 */
export function batchCommand(run: string, atoms: readonly string[], junit: string): BatchCommand {
  const words = atoms.map(shellWord).join(' ')
  const takesAtoms = placeholder('test.atoms').test(run)
  return {
    line: run
      .replace(placeholder('outputs.junit'), () => shellWord(junit))
      .replace(placeholder('test.atoms'), () => words),
    input: takesAtoms ? '' : atoms.map((atom) => `${atom}\n`).join(''),
  }
}

export function usesReport(run: string): boolean {
  return placeholder('outputs.junit').test(run)
}

function placeholder(name: string): RegExp {
  return new RegExp(`<<\\s*${name.replaceAll('.', '\\.')}\\s*>>`, 'g')
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
