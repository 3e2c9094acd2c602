/** Positions and diagnostics (config-language.md 2.3, 24.1). Lines and columns are 1-based; columns count code points. */
export interface Pos {
  line: number
  column: number
}

export interface Range {
  start: Pos
  end: Pos
}

export interface SourceRange extends Range {
  file: string
}

export interface StackFrame {
  kind: 'workflow' | 'job' | 'command' | 'executor' | 'orb'
  name: string
  file: string
  range: SourceRange
}

export interface Diagnostic {
  /** "C405", "W910": stable, never reused. */
  code: string
  severity: 'error' | 'warning' | 'info'
  /** One sentence, no trailing newline. */
  message: string
  file: string
  range: Range
  /** JSON pointer into the document. */
  path: string
  /** Outermost first. */
  stack: StackFrame[]
  related: { message: string; file: string; range: SourceRange }[]
  hint?: string
  /** The line of the place and carets under it, whatever file it is in; absent where there is no text. */
  excerpt?: string
  legacyText?: string
}
