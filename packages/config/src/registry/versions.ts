type Version = readonly [number, number, number]

function parse(text: string): Version | undefined {
  const found = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/.exec(text)
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/**
 * The release that a requested version means (spec: config-language.md 19.2): itself, the highest of its minor or major
 * line, or for `volatile` the highest of all. Development versions mean themselves. Undefined when there is none.
 */
export function pickVersion(requested: string, available: Iterable<string>): string | undefined {
  if (requested.startsWith('dev:')) return [...available].find((one) => one === requested)
  const wanted = requested === 'volatile' ? [] : requested.split('.').map(Number)
  let best: { text: string; version: Version } | undefined
  for (const text of available) {
    const version = parse(text)
    if (!version || !wanted.every((part, index) => version[index] === part)) continue
    if (!best || compare(version, best.version) > 0) best = { text, version }
  }
  return best?.text
}

/** Released versions, lowest first; anything that is no version is left out. */
export function sortedVersions(available: Iterable<string>): string[] {
  const known = [...available].flatMap((text) => {
    const version = parse(text)
    return version ? [{ text, version }] : []
  })
  return known.sort((a, b) => compare(a.version, b.version)).map((one) => one.text)
}
