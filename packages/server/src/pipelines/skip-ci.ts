const searched = 250

/** platform.md 5.1: `[skip ci]` or `[ci skip]` in the first 250 characters of the latest commit's title or body. */
export function asksToSkip(commit: { subject: string; body: string }): boolean {
  return [commit.subject, commit.body].some((text) =>
    /\[(skip ci|ci skip)\]/i.test([...text].slice(0, searched).join('')),
  )
}
