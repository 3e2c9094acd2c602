/**
 * Cuts a stream of text into whole lines; the rest waits for its end. A carriage return inside a line means that a
 * program drew over it: only what stands last is kept, as a terminal would show it.
 */
export class LineSplitter {
  #rest = ''

  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.map(visible)
  }

  /** The unfinished last line, if any. */
  end(): string[] {
    const rest = this.#rest
    this.#rest = ''
    return rest === '' ? [] : [visible(rest)]
  }
}

function visible(line: string): string {
  const trimmed = line.endsWith('\r') ? line.slice(0, -1) : line
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1)
}
