import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Step, TaskEventBody } from '@orrery/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventFile } from '../src/spool/event-file.ts'
import { LogFile } from '../src/spool/log-file.ts'
import { json } from './kit/peer.ts'
import { exitOf, TestPlace } from './kit/place.ts'
import { jobSpec, run } from './kit/spec.ts'

const kilobyte = 1024
/** Only root may mount a small disk. */
const isRoot = process.getuid?.() === 0

async function mountSmallDisk(path: string, size: number): Promise<void> {
  await mkdir(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path])
}

describe.skipIf(!isRoot)('a spool on a full disk', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orrery-full-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('waits for room, and then nothing is missing', async () => {
    await using place = await TestPlace.create(jobSpec([run('seq 1 60000'), run('echo after')]))
    const spool = join(place.root, 'spool')
    await mountSmallDisk(spool, 1024 * kilobyte)
    try {
      await writeFile(join(spool, 'filler'), Buffer.alloc(900 * kilobyte))
      const agent = place.start()

      await place.peer.until(() => place.peer.log(101).length > 50 * kilobyte)
      await rm(join(spool, 'filler'))

      expect(await exitOf(agent)).toBe(0)
      expect(place.peer.ends).toEqual(['101-0 success 0', '102-0 success 0'])
      const all = Array.from({ length: 60_000 }, (_, index) => `${index + 1}\r\n`).join('')
      expect(place.peer.output(101) === all).toBe(true)
    } finally {
      execFileSync('umount', [spool])
    }
  })

  it('keeps no event from being sent, and what an agent leaves that is killed then has no gap', async () => {
    await using place = await TestPlace.create(
      jobSpec([run('until [ -e ~/go ]; do sleep 0.05; done'), run('sleep 1000')]),
    )
    const spool = join(place.root, 'spool')
    await mountSmallDisk(spool, 64 * kilobyte)
    try {
      const filler = join(spool, 'filler')
      const agent = place.start()
      await place.peer.until(() => place.peer.log(101).length > 0)
      await writeFile(filler, Buffer.alloc(64 * kilobyte)).catch(() => undefined)
      await writeFile(join(place.home, 'go'), '')

      await place.peer.until(() => place.peer.ends.length === 1 && place.peer.events.at(-1)?.type === 'step.started')
      agent.kill('SIGKILL')
      await exitOf(agent)
      await rm(filler)
      const known = place.peer.events.length

      expect(await place.run('drain')).toBe(0)
      // Of the step that runs only the server knows; it closes what is open when the task ends.
      expect(place.peer.events.slice(known).map((event) => event.type)).toContain('task.ended')
      expect(place.peer.events.map(({ seq }) => seq)).toEqual(place.peer.events.map((_, index) => index + 1))
      expect(place.peer.taskEnded).toMatchObject({ outcome: 'infrastructure_fail' })
    } finally {
      execFileSync('umount', [spool])
    }
  })

  it('writes the events that a full disk did not take with the next one', async () => {
    await mountSmallDisk(directory, 16 * kilobyte)
    try {
      const path = join(directory, 'events')
      const file = EventFile.create(path)
      const body = (name: string): TaskEventBody => ({
        type: 'step.started',
        step: 1,
        attempt: 0,
        name,
        kind: 'run',
        background: false,
        origin: [],
      })
      file.append(body('before'))
      await writeFile(join(directory, 'filler'), Buffer.alloc(16 * kilobyte)).catch(() => undefined)
      for (let index = 0; index < 3; index += 1) file.append(body(`${index}`.repeat(3 * kilobyte)))
      await rm(join(directory, 'filler'))
      file.append(body('after'))
      file.close()

      const { events, file: again } = EventFile.recover(path)
      again.close()
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    } finally {
      execFileSync('umount', [directory])
    }
  })

  it('drops output when the room does not come back, says how much, and tells the truth in its receipt', async () => {
    await mountSmallDisk(directory, 64 * kilobyte)
    try {
      const filler = join(directory, 'filler')
      await writeFile(filler, Buffer.alloc(32 * kilobyte))
      const path = join(directory, 'log')
      const log = new LogFile(path, 101, 0, 0)
      const drained = () => new Promise<void>((resolve) => (log.onChange = resolve))

      log.append(Buffer.alloc(100 * kilobyte, 'a'))
      await drained()
      const lost = log.lost
      await rm(filler)
      log.append(Buffer.from('after\n'))
      const receipt = await log.end()

      const text = await readFile(path)
      expect(lost).toBeGreaterThan(60 * kilobyte)
      expect(log.lost).toBe(lost)
      expect(text.toString()).toMatch(new RegExp(`^a+\n\\[${lost} bytes are lost: the disk was full\\.\\]\nafter\n$`))
      const sha256 = createHash('sha256').update(text).digest('hex')
      expect(receipt).toEqual({ bytes: text.length, lines: 3, sha256 })
      await log.close()
    } finally {
      execFileSync('umount', [directory])
    }
  })
})

describe.skipIf(!isRoot)('a job on a full disk', () => {
  it('is told so where a step fails', async () => {
    await using place = await TestPlace.create(
      jobSpec([run('head -c 10000000 /dev/zero > big'), run('rm big; exit 3', { when: 'always' })]),
    )
    await mountSmallDisk(place.home, 1024 * kilobyte)
    try {
      await place.run()

      const hints = place.peer.events.flatMap((event) =>
        event.type === 'step.ended' && event.step > 100 ? [event.hint] : [],
      )
      expect(hints).toEqual(['the disk is full', undefined])
      expect(place.peer.log(101)).toContain(`The disk that holds ${join(place.home, 'project')} is full.`)
      expect(place.peer.log(102)).not.toContain('is full')
    } finally {
      execFileSync('umount', [place.home])
    }
  })

  it('goes on without a cache that there is no room to pack', async () => {
    const save: Step = { kind: 'save_cache', name: 'Saving Cache', origin: [], key: 'k', paths: ['big'] }
    await using place = await TestPlace.create(jobSpec([run('head -c 2000000 /dev/urandom > big'), save]))
    place.peer.routes.push({
      method: 'POST',
      path: /^\/caches\/lookup$/,
      handle: (_, response) => json(response, 200, { hit: null }),
    })
    await mountSmallDisk(join(place.root, 'tmp'), 1024 * kilobyte)
    try {
      await place.run()

      expect(place.peer.log(102)).toContain('Warning: the cache could not be stored: no space left on device\n')
      expect(place.peer.taskEnded).toMatchObject({ outcome: 'success' })
    } finally {
      execFileSync('umount', [join(place.root, 'tmp')])
    }
  })
})
