import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findProgram, lastLines, run } from './command.mjs'
import { crunFlags } from './crun.mjs'
import { ping } from './engine-api.mjs'
import { SetupError } from './progress.mjs'
import { asRoot } from './root.mjs'

/**
 * A dockerd of our own, for machines where no service manager runs one. Everything of it is below one directory:
 * `data` (images, containers), `exec` (run-time state), `docker.sock`, `pid`, `log`, `bin` (see `iptables-legacy`).
 */

/** The magic number of overlayfs, on which the engine's overlay2 cannot work. */
const overlayfs = 0x794c7630
/** containerd puts sockets below `exec`; the kernel takes 108 bytes. */
const longestStateDirectory = 60
const startLimitMs = 60_000

/** @param {string} stateDirectory */
export function ownSocket(stateDirectory) {
  return `unix://${join(stateDirectory, 'docker.sock')}`
}

/**
 * Starts dockerd detached and waits until it answers. Starts that fail for a known reason are tried again the next
 * best way, and it is said which.
 * @param {string} stateDirectory
 * @param {import('./progress.mjs').Progress} progress
 * @param {EngineOptions} [options]
 * @returns {Promise<string>} its DOCKER_HOST
 *
 * @typedef {object} EngineOptions
 * @property {string[]} [within] a program with arguments that runs dockerd somewhere else, e.g. `nsenter --net=PATH`
 * @property {string[]} [flags] more of dockerd's
 * @property {string} [crun] path of the program that it shall have as its runtime `crun`
 */
export async function startOwnEngine(stateDirectory, progress, options = {}) {
  if (stateDirectory.length > longestStateDirectory) {
    throw new SetupError(`${stateDirectory}: choose a path of at most ${longestStateDirectory} letters (socket names).`)
  }
  await asRootRun(['mkdir', '-p', '-m', '0755', stateDirectory])
  await removeStalePids(stateDirectory)

  /** @type {Set<Fallback>} */
  const fallbacks = new Set()
  if (statfsSync(stateDirectory).type === overlayfs) {
    progress.note(`${stateDirectory} is on overlayfs: images are copied instead of layered (slower, larger).`)
    fallbacks.add('vfs')
  }
  await progress.step('starting dockerd', async () => {
    for (;;) {
      const failure = await startOnce(stateDirectory, fallbacks, options)
      if (failure === undefined) return
      const next = chooseFallback(failure, fallbacks)
      if (!next) {
        throw new SetupError(`dockerd did not start (${join(stateDirectory, 'log')}):\n${lastLines(failure, 12)}`)
      }
      progress.note(`dockerd failed; trying again ${fallbackTexts[next]}.`)
      fallbacks.add(next)
    }
  })
  return ownSocket(stateDirectory)
}

/** @typedef {'iptables-legacy' | 'vfs'} Fallback */

/** @type {Record<Fallback, string>} */
const fallbackTexts = {
  'iptables-legacy': 'with iptables-legacy, as this kernel lacks what the nf_tables variant needs',
  vfs: 'with plain copies of images (vfs), as this file system has no overlays: slower and larger',
}

/**
 * @param {string} log
 * @param {Set<Fallback>} tried
 * @returns {Fallback | undefined}
 */
function chooseFallback(log, tried) {
  const firewall = /iptables|nf_tables|NAT chain/i.test(log)
  if (firewall && !tried.has('iptables-legacy') && findProgram('iptables-legacy')) return 'iptables-legacy'
  if (/graphdriver|overlay|storage.driver/i.test(log) && !tried.has('vfs')) return 'vfs'
  return undefined
}

/**
 * @param {string} directory
 * @param {Set<Fallback>} fallbacks
 * @param {EngineOptions} options
 * @returns {Promise<string | undefined>} undefined = it answers; else what it logged before it ended
 */
async function startOnce(directory, fallbacks, { within = [], flags = [], crun = findProgram('crun') }) {
  const dockerd = findProgram('dockerd')
  if (!dockerd) throw new SetupError('dockerd is not installed.')
  const at = (/** @type {string} */ name) => join(directory, name)
  if (fallbacks.has('iptables-legacy')) await linkLegacyIptables(at('bin'))
  const [program, args] = await asRoot([
    ...['env', `PATH=${at('bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`, ...within, dockerd],
    ...['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid'), '-H', ownSocket(directory)],
    // Who starts it may use it, also through sudo.
    ...['--group', String(process.getgid?.() ?? 0)],
    ...(fallbacks.has('vfs') ? ['--storage-driver', 'vfs'] : []),
    ...(await crunFlags(crun)),
    ...flags,
  ])
  await asRootRun(['sh', '-c', ': > "$0" && chmod 666 "$0"', at('log')])
  const log = openSync(at('log'), 'a')
  // A session of its own: an interrupt at this terminal is not for it.
  const child = spawn(program, args, { detached: true, cwd: '/', stdio: ['ignore', log, log] })
  closeSync(log)
  let ended = false
  child.on('error', () => {
    ended = true
  })
  child.on('exit', () => {
    ended = true
  })

  const deadline = Date.now() + startLimitMs
  while (!ended && Date.now() < deadline) {
    if ((await ping(ownSocket(directory))).answers) {
      child.unref()
      return undefined
    }
    await wait(50)
  }
  if (!ended) await stopOwnEngine(directory)
  return `${readFileSync(at('log'), 'utf8')}${ended ? '' : `\nno answer within ${startLimitMs / 1000} s`}`
}

/**
 * Puts iptables-legacy first in dockerd's PATH; the machine's own choice stays as it is.
 * @param {string} folder
 */
async function linkLegacyIptables(folder) {
  const script = [
    'mkdir -p "$0"',
    ...['iptables', 'ip6tables'].map((name) => `ln -sf "$(command -v ${name}-legacy)" "$0/${name}"`),
  ]
  await asRootRun(['env', 'PATH=/usr/sbin:/sbin:/usr/bin:/bin', 'sh', '-c', script.join(' && '), folder])
}

/**
 * Ends the engine we started and waits until it is gone; fine when it doesn't run.
 * @param {string} stateDirectory
 */
export async function stopOwnEngine(stateDirectory) {
  const pid = runningPid(join(stateDirectory, 'pid'), 'dockerd')
  if (pid === undefined) return
  await asRootRun(['kill', String(pid)])
  for (let waited = 0; isRunning(pid, 'dockerd'); waited += 50) {
    // dockerd gives containers 10 s to end; what hangs longer than thrice that will not end by itself.
    if (waited === 30_000) await asRootRun(['kill', '-9', String(pid)])
    await wait(50)
  }
}

/**
 * After a crash or a reboot the files may name processes that are others' by now; dockerd would wait for them.
 * @param {string} directory
 */
async function removeStalePids(directory) {
  const script = [
    'status=/proc/$(cat "$0" 2>/dev/null)/status',
    'grep -qs "^Name:.$1$" "$status" && ! grep -qs "^State:.Z" "$status" || rm -f "$0"',
  ].join('; ')
  await asRootRun(['sh', '-c', script, join(directory, 'pid'), 'dockerd'])
  await asRootRun(['sh', '-c', script, join(directory, 'exec/containerd/containerd.pid'), 'containerd'])
}

/**
 * @param {string} pidFile
 * @param {string} program
 * @returns {number | undefined} the process, if it runs and is that program
 */
function runningPid(pidFile, program) {
  if (!existsSync(pidFile)) return undefined
  const pid = Number(readFileSync(pidFile, 'utf8').trim())
  return isRunning(pid, program) ? pid : undefined
}

/**
 * @param {number} pid
 * @param {string} program
 * @returns {boolean} false also for a zombie, which some init processes leave for long
 */
function isRunning(pid, program) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return status.startsWith(`Name:\t${program}\n`) && !/^State:\tZ/m.test(status)
  } catch {
    return false
  }
}

/** @param {string[]} args */
async function asRootRun(args) {
  const [program, rest] = await asRoot(args)
  await run(program, rest)
}
