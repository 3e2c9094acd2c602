/** One line of `--json`. `value` and `baseline` are medians in `unit`; `ratio` is the median of the pairs' ratios. */
export interface Figure {
  name: string
  value: number
  unit: string
  baseline: number
  ratio: number
  n: number
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** Pairs of (ours, baseline), measured one right after the other. */
export function figure(name: string, unit: string, pairs: readonly (readonly [number, number])[]): Figure {
  return {
    name,
    unit,
    value: round(median(pairs.map(([ours]) => ours))),
    baseline: round(median(pairs.map(([, base]) => base))),
    ratio: round(median(pairs.map(([ours, base]) => ours / base))),
    n: pairs.length,
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
