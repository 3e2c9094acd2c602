import { lookup } from 'node:dns'
import { get as httpsGet } from 'node:https'
import { BlockList, isIP } from 'node:net'

/** Gets the text at an https address, or says in a few words why not. Never throws. */
export type FetchText = (url: string) => Promise<{ text: string } | { reason: string }>

const maxBytes = 4 * 1024 * 1024
const timeoutMs = 10_000

const closed = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  closed.addSubnet(network, bits, 'ipv4')
}
// Only global unicast (2000::/3) is open, without the parts of it that lead back into IPv4 or are for examples.
const openIpv6 = new BlockList()
openIpv6.addSubnet('2000::', 3, 'ipv6')
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const) {
  closed.addSubnet(network, bits, 'ipv6')
}

/** Whether an address is one of the public internet: no loopback, private, link-local, shared or reserved one. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !closed.check(address, 'ipv4')
  return family === 6 && openIpv6.check(address, 'ipv6') && !closed.check(address, 'ipv6')
}

export interface FetchOptions {
  /** Which addresses may be connected to. */
  allowAddress: (address: string) => boolean
  maxBytes: number
  timeoutMs: number
  /** PEM roots beside the usual ones. */
  ca?: string
}

/**
 * A fetcher that reaches only allowed addresses. The address is checked where the connection is made, so a name that
 * answers differently the second time gains nothing. Redirects are not followed: their targets were not allowed.
 */
export function fetcher(options: FetchOptions): FetchText {
  return (url) =>
    new Promise((resolve) => {
      const { hostname } = new URL(url)
      const literal = hostname.replace(/^\[|\]$/g, '')
      if (isIP(literal) !== 0 && !options.allowAddress(literal)) {
        resolve({ reason: `${literal} is not a public address` })
        return
      }
      const signal = AbortSignal.timeout(options.timeoutMs)
      const request = httpsGet(url, {
        headers: { accept: 'application/yaml, text/plain, */*', 'user-agent': 'orrery' },
        signal,
        agent: false,
        ...(options.ca !== undefined && { ca: options.ca }),
        lookup: (host, lookupOptions, callback) => {
          lookup(host, { ...lookupOptions, all: true }, (error, addresses) => {
            const open = (addresses ?? []).filter(({ address }) => options.allowAddress(address))
            const first = open[0]
            if (error) callback(error, '', 0)
            else if (!first) callback(new Error(`${host} has no public address`), '', 0)
            else if (lookupOptions.all) callback(null, open)
            else callback(null, first.address, first.family)
          })
        },
      })
      const fail = (reason: string) => {
        resolve({ reason: signal.aborted ? `no answer within ${options.timeoutMs / 1000} s` : reason })
        request.destroy()
      }
      request.on('error', (error) => fail(error.message))
      request.on('response', (response) => {
        if (response.statusCode !== 200) {
          fail(`the server answered ${response.statusCode}`)
          return
        }
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > options.maxBytes) fail(`it is larger than ${options.maxBytes} bytes`)
          else chunks.push(chunk)
        })
        response.on('end', () => resolve({ text: Buffer.concat(chunks).toString('utf8') }))
        response.on('error', (error) => fail(error.message))
      })
    })
}

/** The fetcher of the product: public addresses only. */
export const fetchPublic: FetchText = fetcher({ allowAddress: isPublicAddress, maxBytes, timeoutMs })
