import { readFileSync } from 'node:fs'

const cpuNames: Record<string, string> = { x64: 'amd64', ia32: '386' }

/** System, CPU and, where known, CPU family and model, for `{{ arch }}`: `linux-amd64-6_62`, `linux-arm64`. */
export function archName(platform: string, arch: string, cpuInfo: string): string {
  const system = `${platform === 'win32' ? 'windows' : platform}-${cpuNames[arch] ?? arch}`
  const family = /^cpu family\s*:\s*(\d+)$/m.exec(cpuInfo)?.[1]
  const model = /^model\s*:\s*(\d+)$/m.exec(cpuInfo)?.[1]
  return family && model ? `${system}-${family}_${model}` : system
}

/** `archName` of the machine this runs on. */
export function hostArch(): string {
  return archName(process.platform, process.arch, readCpuInfo())
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8').slice(0, 64 * 1024)
  } catch {
    return ''
  }
}
