import { describe, expect, it } from 'vitest'
import { addressIn, chooseSubnet } from './subnet.ts'

describe('chooseSubnet', () => {
  it('keeps clear of every taken range, larger or smaller', () => {
    const taken = ['10.231.0.0/25', '10.231.0.160/28', '10.231.0.192/27', '10.231.0.224/27', '172.17.0.0/16']

    const free = ['10.231.0.128/28', '10.231.0.144/28', '10.231.0.176/28']
    const found = new Set(['a', 'b', 'c', 'd', 'e', 'f'].map((seed) => chooseSubnet('10.231.0.0/24', taken, 4, seed)))

    for (const subnet of found) expect(free).toContain(subnet)
  })

  it('has room for every container beside network, gateway and broadcast', () => {
    expect(chooseSubnet('10.0.0.0/24', [], 13, '')).toMatch(/\/28$/)
    expect(chooseSubnet('10.0.0.0/24', [], 14, '')).toMatch(/\/27$/)
  })

  it('answers undefined when the pool is full or too small', () => {
    expect(chooseSubnet('10.0.0.0/24', ['10.0.0.0/8'], 2, 'x')).toBeUndefined()
    expect(chooseSubnet('10.0.0.0/29', [], 2, 'x')).toBeUndefined()
  })

  it('gives tasks different places to start from', () => {
    expect(chooseSubnet('10.231.0.0/16', [], 2, 'one')).not.toBe(chooseSubnet('10.231.0.0/16', [], 2, 'two'))
  })
})

it('gives the first container the address after the gateway', () => {
  expect(addressIn('10.231.5.240/28', 0)).toBe('10.231.5.242')
  expect(addressIn('10.231.5.240/28', 3)).toBe('10.231.5.245')
})
