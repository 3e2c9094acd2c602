import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CgroupSlices } from './cgroup-slices.ts'

// Trees as systemd 257 made them for our calls with Docker 26 on cgroup v2; ids, counts and Podman's names are made up.
const runner = '5b0c1f9e-3c55-4a57-9d7e-0d8f2f9a7a11'
const task = '1e9b208d-d04d-4a10-b709-964edbd2320e'
const other = '52b82e4b-d66d-4ed2-b0e3-13450fdbd803'
const container = 'f566d3ecc097c4ce55303d846840e3df75fa691ff934bbe3dffdcaedd0e836b5'
const owner = 'orrery.slice/orrery-5b0c1f9e_3c55_4a57_9d7e_0d8f2f9a7a11.slice'
const parent = 'orrery-5b0c1f9e_3c55_4a57_9d7e_0d8f2f9a7a11-1e9b208d_d04d_4a10_b709_964edbd2320e.slice'
const size = { name: 'small', vcpus: 1, memoryMb: 512, arch: 'amd64' } as const
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orrery-slices-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const make = (...path: string[]) => mkdirSync(join(root, ...path), { recursive: true })

it.each(['docker', 'libpod'])("knows a container of the task's slice as %s names it", (engine) => {
  make(owner, parent, `${engine}-${container}.scope`)
  const slices = new CgroupSlices(runner, 'system', root)

  expect(slices.holds(task, container)).toBe(true)
  expect(slices.holds(other, container)).toBe(false)
  expect(slices.holds(task, container.replace('f5', 'ab'))).toBe(false)
})

it('lists the tasks of its own runner by their ids', async () => {
  make(owner, parent)
  make('orrery.slice/orrery-aaaa.slice/orrery-aaaa-bbbb.slice')

  expect(await new CgroupSlices(runner, 'system', root).list()).toEqual([task])
  expect(await new CgroupSlices('cccc', 'system', root).list()).toEqual([])
})

it('counts what the kernel killed in the slice', async () => {
  make(owner, parent)
  writeFileSync(
    join(root, owner, parent, 'memory.events'),
    'low 0\nhigh 0\nmax 26\noom 1\noom_kill 3\noom_group_kill 0\n',
  )
  const slices = new CgroupSlices(runner, 'system', root)

  expect(await slices.oomKills(task)).toBe(3)
  expect(await slices.oomKills(other)).toBe(0)
})

it('gives the name that the engine takes for a slice that is there, and counts one that is not as removed', async () => {
  make(owner, parent)
  const slices = new CgroupSlices(runner, 'system', root)

  expect(await slices.create(task, size)).toBe(parent)
  expect(await slices.remove(other)).toBe(true)
})
