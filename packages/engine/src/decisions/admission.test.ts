import { describe, expect, it } from 'vitest'
import { maxParallelism, refusalOf } from './admission.ts'

const build = {
  type: 'build',
  executor: 'docker',
  resourceClass: 'medium',
  parallelism: 1,
  contexts: [] as string[],
} as const

describe('refusalOf', () => {
  it.each([
    ['docker', 'medium'],
    ['docker', 'arm.large'],
    ['docker', 'large.gen2'],
    ['machine', 'medium'],
    ['macos', 'm4pro.medium'],
  ])('lets %s %s start', (executor, resourceClass) => {
    expect(refusalOf({ ...build, executor, resourceClass }, new Set())).toBeUndefined()
  })

  it.each([
    ['docker', 'huge'],
    ['docker', 'acme/pool'],
    ['machine', 'small'],
  ])('rejects %s %s by name', (executor, resourceClass) => {
    expect(refusalOf({ ...build, executor, resourceClass }, new Set())).toEqual({
      status: 'failed',
      reason: `This job was rejected because the resource class ${resourceClass} is unavailable`,
    })
  })

  it('is unauthorized for a context that does not exist, and names it', () => {
    const refusal = refusalOf({ ...build, contexts: ['known', 'gone'] }, new Set(['known']))

    expect(refusal?.status).toBe('unauthorized')
    expect(refusal?.reason).toContain('"gone"')
    expect(refusal?.reason).not.toContain('"known"')
  })

  it('rejects what was found to be unavailable, with the reason', () => {
    const refusal = refusalOf({ ...build, unavailable: 'because' }, new Set())
    expect(refusal).toEqual({ status: 'failed', reason: 'because' })
  })

  it('bounds the number of tasks', () => {
    expect(refusalOf({ ...build, parallelism: maxParallelism }, new Set())).toBeUndefined()
    expect(refusalOf({ ...build, parallelism: maxParallelism + 1 }, new Set())?.status).toBe('failed')
  })

  it('asks nothing of jobs that execute nothing', () => {
    const nothing = { executor: 'none', resourceClass: '', contexts: ['gone'] }
    const approval = { ...build, ...nothing, type: 'approval' as const }

    expect(refusalOf(approval, new Set())).toBeUndefined()
  })
})
