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
  return fillCommand(run, atoms, { 'outputs.junit': junit })
}

/** The same for any command of a suite; `outputs` are paths by the name of their placeholder. */
export function fillCommand(
  command: string,
  atoms: readonly string[],
  outputs: Readonly<Record<string, string>>,
): BatchCommand {
  const words = atoms.map(shellWord).join(' ')
  const takesAtoms = placeholder('test.atoms').test(command)
  let line = command
  for (const [name, path] of Object.entries(outputs)) line = line.replace(placeholder(name), () => shellWord(path))
  return {
    line: line.replace(placeholder('test.atoms'), () => words),
    input: takesAtoms ? '' : atoms.map((atom) => `${atom}\n`).join(''),
  }
}

export function usesReport(run: string): boolean {
  return usesPlaceholder(run, 'outputs.junit')
}

export function usesPlaceholder(command: string, name: string): boolean {
  return placeholder(name).test(command)
}

function placeholder(name: string): RegExp {
  return new RegExp(`<<\\s*${name.replaceAll('.', '\\.')}\\s*>>`, 'g')
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
