import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, compileApart } from './apart.ts'
import { hostileInputs } from './inputs.ts'

const all = Object.entries(hostileInputs).flatMap(([group, inputs]) => inputs.map((one) => ({ group, ...one })))
const answers = new Map<string, Answer | undefined>()

describe('hostile texts', () => {
  beforeAll(async () => {
    const waiting = all.map((one) => one.name)
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        answers.set(name, await compileApart(name))
      }
    }
    await Promise.all([work(), work()])
  }, 300_000)

  test.each(all)('$group: $name', ({ name, gives }) => {
    const answer = answers.get(name) ?? expect.fail('no answer')

    expect(answer.gives).toBe(gives)
    expect(answer.count).toBeLessThanOrEqual(200)
    expect(answer.bytes).toBeLessThan(500_000)
    expect(answer.rssMb).toBeLessThan(512)
  })
})
