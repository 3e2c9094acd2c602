const registry = /^[a-z][a-z0-9_-]+\/[a-z][a-z0-9_-]+@(?:dev:\S{1,1023}|volatile|\d+(?:\.\d+){0,2})$/

export type OrbReference = 'registry' | 'url'

/** What kind of reference a text is, or undefined when it is none (spec: config-language.md 19.2, 19.3). */
export function referenceKind(text: string): OrbReference | undefined {
  if (text.startsWith('https://')) return 'url'
  return registry.test(text) && !/@dev:.*\*/.test(text) ? 'registry' : undefined
}
