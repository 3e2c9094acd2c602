import { readdir, readFile } from 'node:fs/promises'

/** Ticks of `/proc/PID/stat` in a second: fixed on Linux, whatever the kernel's own clock. */
const ticksPerSecond = 100

/** What a process has used so far: seconds of processor, and its largest resident memory in MB. */
export interface Used {
  cpuS: number
  peakMb: number
}

/** Undefined when the process is gone. */
export async function usedBy(pid: number): Promise<Used | undefined> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ])
    // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
    return { cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, peakMb: peakKb / 1024 }
  } catch {
    return undefined
  }
}

/** Processes of the whole machine, those in containers too, whose command line matches. */
export async function processesLike(command: RegExp): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return command.test(line.replaceAll('\0', ' ')) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}
