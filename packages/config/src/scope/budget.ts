import { Abandon, type Collector } from '../report/collector.ts'
import type { YNode } from '../yaml/nodes.ts'

/** Largest compiled config, and so an upper bound of what expansion may produce (spec: config-language.md 23). */
export const maxCompiledBytes = 8 * 1024 * 1024

/**
 * Counts what expansion produces. Commands and templates can double their output at each of a hundred levels; without
 * this a config of two kilobytes would fill the memory before its size could be checked.
 */
export class Budget {
  /** In characters of the compiled config, about. */
  static readonly units = 8 * maxCompiledBytes
  readonly #report: Collector
  #left = Budget.units

  constructor(report: Collector) {
    this.#report = report
  }

  get spent(): number {
    return Budget.units - this.#left
  }

  spend(units: number, at: YNode): void {
    this.#left -= units
    if (this.#left >= 0) return
    this.#report.add('C601', at, 'A compiled config YAML must be at most 8MB: expansion was stopped here')
    throw new Abandon()
  }
}
