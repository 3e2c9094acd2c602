/** IPv4 ranges as [first, size] of 32-bit numbers. */
interface Range {
  first: number
  size: number
}

/**
 * A free subnet of `pool` with room for `hosts` containers, or undefined when the pool is full. `taken` are ranges in
 * CIDR form (networks of the engine, addresses of the host). The search starts at a place given by `seed`, so that
 * tasks that start at the same time rarely want the same one.
 */
export function chooseSubnet(pool: string, taken: readonly string[], hosts: number, seed: string): string | undefined {
  const all = parseCidr(pool)
  if (all === undefined) return undefined
  // Network, gateway and broadcast addresses are nobody's.
  const size = Math.max(16, 2 ** Math.ceil(Math.log2(hosts + 3)))
  const used = taken.map(parseCidr).filter((range) => range !== undefined)
  const count = Math.floor(all.size / size)
  const start = count === 0 ? 0 : hash(seed) % count
  for (let step = 0; step < count; step++) {
    const first = all.first + ((start + step) % count) * size
    const free = used.every((range) => range.first >= first + size || range.first + range.size <= first)
    if (free) return `${format(first)}/${32 - Math.log2(size)}`
  }
  return undefined
}

/** The address `index` steps after the gateway (which has the first). */
export function addressIn(subnet: string, index: number): string {
  const range = parseCidr(subnet)
  if (range === undefined) throw new Error(`not a subnet: ${subnet}`)
  return format(range.first + 2 + index)
}

export function gatewayOf(subnet: string): string {
  return addressIn(subnet, -1)
}

function parseCidr(text: string): Range | undefined {
  const match = /^(?<address>\d{1,3}(?:\.\d{1,3}){3})\/(?<bits>\d{1,2})$/.exec(text)
  if (match?.groups === undefined) return undefined
  const bits = Number(match.groups['bits'])
  const value = (match.groups['address'] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - bits)
  return { first: Math.floor(value / size) * size, size }
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

function hash(text: string): number {
  let value = 5381
  for (const character of text) value = (value * 33 + (character.codePointAt(0) ?? 0)) % 0xffffffff
  return value
}
