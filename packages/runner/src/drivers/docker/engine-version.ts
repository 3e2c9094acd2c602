/** Version of the engine behind each word that a config may say (spec: execution.md 6.1); part of its image's name. */
const words: Readonly<Record<string, string>> = { default: '28', edge: '28', previous: '28' }
/** The versions there are, the oldest first. */
const versions = ['20.10', '26', '27', '28', '29'] as const

/**
 * The engine that stands for the `version` of a `setup_remote_docker` step; undefined when it names none. Configs name old
 * releases (`20.10.14`, `24.0.9`, `docker24`) that nobody offers any more: they get the oldest one that is not older, so that
 * what they rely on is there, or the newest (spec: execution.md 22, A5).
 */
export function engineVersion(wanted: string): string | undefined {
  if (Object.hasOwn(words, wanted)) return words[wanted]
  const found = /^(?:docker(?<tag>2\d|3\d)|(?<major>\d{2})\.\d{1,2}(?:\.\d{1,3})?)$/.exec(wanted)?.groups
  const major = Number(found?.['tag'] ?? found?.['major'])
  if (Number.isNaN(major)) return undefined
  return versions.find((one) => Number.parseInt(one, 10) >= major) ?? versions.at(-1)
}

/** What people may say, for a message. */
export const knownVersions = [...Object.keys(words), 'docker29', 'docker28', 'docker27', 'docker26', '20.10.24'].join(
  ', ',
)
