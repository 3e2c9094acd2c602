/** How the containers of jobs are started (choose-starts.ts). */
export interface Starts {
  /** The engine's runtime; undefined = its default. */
  runtime: string | undefined
  /** The agent starts from its snapshot. */
  snapshot: boolean
}
