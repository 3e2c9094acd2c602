import { readFileSync } from 'node:fs'
import type { TaskUsage } from '@orrery/protocol'

/** Time between two looks at the memory, ms. */
const sampleMs = 1_000

const root = '/sys/fs/cgroup'
/** Where the kernel counts, as seen from inside a container: unified hierarchy, then the split one. */
const hierarchies = [
  {
    cpu: `${root}/cpu.stat`,
    cpuS: (text: string) => Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1e6,
    memory: `${root}/memory.current`,
    memoryStat: `${root}/memory.stat`,
    reclaimable: /^inactive_file (\d+)$/m,
  },
  {
    cpu: `${root}/cpuacct/cpuacct.usage`,
    cpuS: (text: string) => Number(text) / 1e9,
    memory: `${root}/memory/memory.usage_in_bytes`,
    memoryStat: `${root}/memory/memory.stat`,
    reclaimable: /^total_inactive_file (\d+)$/m,
  },
]

/**
 * What the primary container uses from now on (spec: execution.md 21): the time of processors, and memory without what the
 * kernel keeps of files and would give up first. Peaks between two looks go unseen.
 */
export class UsageMeter {
  readonly #cpuBefore = cpuSeconds()
  readonly #timer: NodeJS.Timeout
  #most = 0
  #sum = 0
  #samples = 0

  /** The first look comes later: the job's first step waits, and the kernel adds up for each. */
  constructor() {
    this.#timer = setInterval(() => this.#look(), sampleMs).unref()
  }

  /** Stops. Undefined where nobody counts. */
  end(): TaskUsage | undefined {
    clearInterval(this.#timer)
    this.#look()
    const cpu = cpuSeconds()
    if (cpu === undefined || this.#cpuBefore === undefined || this.#samples === 0) return undefined
    return {
      cpuS: Math.max(0, cpu - this.#cpuBefore),
      memoryMaxBytes: this.#most,
      memoryMeanBytes: Math.round(this.#sum / this.#samples),
    }
  }

  #look(): void {
    const bytes = memoryBytes()
    if (bytes === undefined) return
    this.#most = Math.max(this.#most, bytes)
    this.#sum += bytes
    this.#samples += 1
  }
}

function cpuSeconds(): number | undefined {
  return first(({ cpu, cpuS }) => cpuS(readFileSync(cpu, 'utf8')))
}

function memoryBytes(): number | undefined {
  return first(({ memory, memoryStat, reclaimable }) => {
    const all = Number(readFileSync(memory, 'utf8'))
    return Math.max(0, all - Number(reclaimable.exec(readFileSync(memoryStat, 'utf8'))?.[1] ?? 0))
  })
}

/** No disk stands behind these files: each look is a few microseconds. */
function first(read: (one: (typeof hierarchies)[number]) => number): number | undefined {
  for (const one of hierarchies) {
    try {
      const value = read(one)
      if (Number.isFinite(value)) return value
    } catch {
      // The other hierarchy, or none.
    }
  }
  return undefined
}
