import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const index = JSON.stringify(join(import.meta.dirname, 'index.ts'))

/** What an archive of any size may cost: blocks and frames of the lanes, and Node itself. */
const mostMegabytes = 400

test('two gigabytes pass through the agent in a fraction of that memory, both ways (210)', {
  timeout: 120_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-memory-'))
  try {
    writeFileSync(join(dir, 'huge'), '')
    truncateSync(join(dir, 'huge'), 2_000_000_000)
    const archive = JSON.stringify(join(dir, 'archive'))
    const saved = await run(process.execPath, [
      '--input-type=module',
      '-e',
      `import { createArchive } from ${index}
       const made = await createArchive([{ path: ${JSON.stringify(join(dir, 'huge'))}, name: 'huge' }], ${archive})
       console.log(JSON.stringify([made.contentBytes, process.resourceUsage().maxRSS / 1024]))`,
    ])
    // The unpacked file would fill the disk of whoever runs this, so it goes where the archive may not write: its bytes are
    // read and decompressed all the same.
    const read = await run(process.execPath, [
      '--input-type=module',
      '-e',
      `import { mkdirSync } from 'node:fs'
       import { extractArchive } from ${index}
       const into = ${JSON.stringify(join(dir, 'out'))}
       mkdirSync(into + '/huge/full', { recursive: true })
       const { entries, failed } = await extractArchive(${archive}, { into, roots: [''] })
       console.log(JSON.stringify([entries, failed, process.resourceUsage().maxRSS / 1024]))`,
    ])
    const [bytes, savingMegabytes] = JSON.parse(saved.stdout)
    const [entries, failed, readingMegabytes] = JSON.parse(read.stdout)
    expect([bytes, entries, failed]).toEqual([2_000_000_000, 1, 1])
    expect(savingMegabytes).toBeLessThan(mostMegabytes)
    expect(readingMegabytes).toBeLessThan(mostMegabytes)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
