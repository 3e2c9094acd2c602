import { accessSync, constants } from 'node:fs'

/** Variables by which programs are told the roots to trust: Node, OpenSSL and Go, curl, Python, pip, git, AWS. */
export const trustVariables = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'AWS_CA_BUNDLE',
]

/** Programs disagree about the letters' case, so both are read and both are given. */
export const proxyVariables = ['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
])

/**
 * What jobs need to reach the world from this machine: on networks whose proxy looks into TLS, the bundle with its
 * root; where a proxy must be used, its variables.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {{ caBundle: string | undefined, environment: Record<string, string>, unreachable: string[] }}
 *   caBundle = path of a PEM file, undefined when this machine trusts only the usual roots; unreachable = names of
 *   variables left out, because a proxy on this machine's loopback is not there inside a container
 */
export function findTrust(environment = process.env) {
  /** @type {Record<string, string>} */
  const proxies = {}
  const unreachable = []
  for (const name of proxyVariables) {
    const value = environment[name]
    if (!value) continue
    if (!name.toLowerCase().startsWith('no_') && isLoopback(value)) unreachable.push(name)
    else proxies[name] = value
  }
  const caBundle = trustVariables.map((name) => environment[name]).find((path) => path && isReadable(path))
  return { caBundle, environment: proxies, unreachable }
}

/** @param {string} proxy a URL, or host:port */
function isLoopback(proxy) {
  return /^(?:\w+:\/\/)?(?:[^@/]*@)?(?:localhost|127\.|\[::1\])/i.test(proxy)
}

/** @param {string} path */
function isReadable(path) {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
