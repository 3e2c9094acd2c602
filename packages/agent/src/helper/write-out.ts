import { once } from 'node:events'

/** Lines to stdout, no faster than its reader takes them. */
export async function writeOut(lines: readonly string[]): Promise<void> {
  const atOnce = 1000
  for (let from = 0; from < lines.length; from += atOnce) {
    const part = lines.slice(from, from + atOnce).join('')
    if (!process.stdout.write(part)) await once(process.stdout, 'drain')
  }
}
