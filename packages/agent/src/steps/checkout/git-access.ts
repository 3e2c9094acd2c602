import type { GitSetting } from '../process-context.ts'
import { type GitProxy, openGitProxy } from './git-proxy.ts'

/** The task's way to its repository: the proxy, and what git has to know about it in later steps. */
export class GitAccess {
  readonly #socketPath: string
  readonly #gatewayPath: string
  readonly #settings = new Map<string, GitSetting>()
  #proxy: Promise<GitProxy> | undefined

  constructor(socketPath: string, gatewayPath: string) {
    this.#socketPath = socketPath
    this.#gatewayPath = gatewayPath
  }

  open(): Promise<GitProxy> {
    this.#proxy ??= openGitProxy(this.#socketPath, this.#gatewayPath)
    return this.#proxy
  }

  add(settings: readonly GitSetting[]): void {
    for (const setting of settings) this.#settings.set(setting.join('='), setting)
  }

  /** The variables with the settings added behind those that they bring themselves. */
  apply(vars: Record<string, string>): Record<string, string> {
    if (this.#settings.size === 0) return vars
    const given = Number(vars['GIT_CONFIG_COUNT'] ?? 0)
    // Git refuses a count that is no number; the config's mistake stays visible.
    if (!Number.isSafeInteger(given) || given < 0) return vars
    const result: Record<string, string> = { ...vars, GIT_CONFIG_COUNT: String(given + this.#settings.size) }
    for (const [index, [key, value]] of [...this.#settings.values()].entries()) {
      result[`GIT_CONFIG_KEY_${given + index}`] = key
      result[`GIT_CONFIG_VALUE_${given + index}`] = value
    }
    return result
  }

  async close(): Promise<void> {
    const proxy = await this.#proxy?.catch(() => undefined)
    proxy?.close()
  }
}
