import { readdirSync, readFileSync } from 'node:fs'

/** What the kernel says about a process. */
export interface ProcessUsage {
  readonly residentBytes: number
  /** Resident memory, with what several processes map shared out between them. */
  readonly proportionalBytes: number
  readonly cpuSeconds: number
  readonly writtenBytes: number
}

const ticksPerSecond = 100

/** Reads `/proc`. Throws when the process is gone. */
export function usageOf(pid: number): ProcessUsage {
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8')
  const kilobytes = (text: string, key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)![1]) * 1024
  const [userTicks, systemTicks] = statFields(pid).slice(11, 13).map(Number)
  return {
    residentBytes: kilobytes(read('status'), 'VmRSS'),
    proportionalBytes: kilobytes(read('smaps_rollup'), 'Pss'),
    cpuSeconds: (userTicks! + systemTicks!) / ticksPerSecond,
    writtenBytes: Number(/^write_bytes: (\d+)/m.exec(read('io'))![1]),
  }
}

/** The sum over several processes. */
export function usageOfAll(pids: readonly number[]): ProcessUsage {
  const usages = pids.map(usageOf)
  const sum = (key: keyof ProcessUsage) => usages.reduce((total, usage) => total + usage[key], 0)
  return {
    residentBytes: sum('residentBytes'),
    proportionalBytes: sum('proportionalBytes'),
    cpuSeconds: sum('cpuSeconds'),
    writtenBytes: sum('writtenBytes'),
  }
}

/** The agents that a server has started. */
export function agentsOf(serverPid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isAgentOf(pid, serverPid))
}

function isAgentOf(pid: number, serverPid: number): boolean {
  try {
    const [, parent] = statFields(pid)
    return Number(parent) === serverPid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('agent')
  } catch {
    return false // It has ended meanwhile.
  }
}

/** The fields of `/proc/PID/stat` after the program's name, which may hold blanks: state, parent, … */
function statFields(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

export const megabytes = (bytes: number): number => bytes / 2 ** 20
