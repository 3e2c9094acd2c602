import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { JobSpec } from '@orrery/protocol'
import { expect, it } from 'vitest'
import { json } from '../../test/kit/peer.ts'
import { TestPlace } from '../../test/kit/place.ts'
import { jobSpec, run } from '../../test/kit/spec.ts'

const helper = `${process.execPath} ${fileURLToPath(new URL('../helper/main.ts', import.meta.url))}`
const results = {
  tests: [
    { file: 'x', name: 'a', classname: '', run_time: 60, result: 'success' },
    { file: 'y', name: 'b', classname: '', run_time: 30, result: 'failure' },
    { file: 'z', name: 'c', classname: '', run_time: 30, result: 'success' },
  ],
}

function placeOf(tests: JobSpec['tests'], ...commands: string[]): Promise<TestPlace> {
  return TestPlace.create(
    jobSpec(
      commands.map((command) => run(command)),
      tests === undefined ? {} : { tests },
    ),
  )
}

const split = `echo 'z y x' | ${helper} tests split --split-by=timings --index=1 --total=2`

it('steps find the results of earlier runs, and the helper deals by them (259)', async () => {
  const show = 'cat $CIRCLE_INTERNAL_TASK_DATA/circle-test-results/results.json'
  await using place = await placeOf({ earlierResults: true, rerunFailedOf: null }, split, show)
  let asked = 0
  const path = /^\/test-results$/
  place.peer.routes.push({
    method: 'GET',
    path,
    handle: (_, response) => {
      // The first answer breaks off; the agent asks again and the file is whole.
      asked += 1
      if (asked > 1) return json(response, 200, results)
      response.writeHead(200, { 'content-length': 1000 }).write('{"tests":[', () => response.destroy())
    },
  })

  expect(await place.run()).toBe(0)

  expect(place.peer.output(101)).toBe('y\r\nz\r\n')
  expect(JSON.parse(place.peer.output(102))).toEqual(results)
})

it('a rerun runs what failed (272)', async () => {
  const workflow = randomUUID()
  const command = `echo 'z y x' | ${helper} tests run -v --command='echo "[$(cat)]"'`
  await using place = await placeOf({ earlierResults: true, rerunFailedOf: workflow }, command)
  place.peer.routes.push({
    method: 'GET',
    path: /^\/test-results$/,
    handle: (_, response) => json(response, 200, results),
  })

  await place.run()

  expect(place.peer.output(101)).toContain(`Received failed tests from workflow ${workflow}\r\n`)
  expect(place.peer.output(101)).toContain('1 test(s) failed out of 3 total test(s). Rerunning 1 test file(s)\r\n')
  expect(place.peer.output(101)).toMatch(/\[y\]\r\n$/)
})

it('a node that cannot get them stops instead of dealing in another way than the others', async () => {
  await using place = await placeOf({ earlierResults: true, rerunFailedOf: null }, split)

  await place.run()

  expect(place.peer.ends).toEqual(['101-0 failed 1'])
  expect(place.peer.output(101)).toMatch(/test results of earlier runs cannot be had: .*\/test-results not found/)
})

it('without any nothing is asked for, and names decide (260)', async () => {
  await using place = await placeOf(undefined, split)

  await place.run()

  expect(place.peer.output(101)).toMatch(/they are not present\. Falling back to weighting by name\.\r\ny\r\n$/)
  expect(place.peer.calls.filter((call) => call.includes('test-results'))).toEqual([])
})
