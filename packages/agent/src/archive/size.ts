const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A number of bytes for people: `512 B`, `1.5 KiB`, `45 MiB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}
