import { execFile } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const index = JSON.stringify(join(import.meta.dirname, 'index.ts'))

test.each([
  ['CDATA', '<system-out><![CDATA[', ']]></system-out>'],
  ['an attribute', '<system-out x="', '"/>'],
])('240 MB of output as %s are read in bounded memory', async (_, begin, end) => {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-report-'))
  const path = join(dir, 'a.xml')
  try {
    writeFileSync(path, `<testsuite><testcase name="a">${begin}`)
    const megabyte = `${'loud '.repeat(15)}\n`.repeat(13_800)
    for (let count = 0; count < 240; count++) appendFileSync(path, megabyte)
    appendFileSync(path, `${end}</testcase><testcase name="b"/></testsuite>`)

    const { stdout } = await run(process.execPath, [
      '--input-type=module',
      '-e',
      `import { readReport } from ${index}
       const names = []
       const outcome = await readReport(${JSON.stringify(path)}, (test) => names.push(test.name))
       console.log(JSON.stringify([outcome, names, process.resourceUsage().maxRSS / 1024]))`,
    ])

    const [outcome, names, megabytes] = JSON.parse(stdout)
    expect([outcome, names]).toEqual([{ ok: true, tests: 2 }, ['a', 'b']])
    expect(megabytes).toBeLessThan(300)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
