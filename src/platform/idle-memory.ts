import { performance } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from './clock.ts'

const lookEveryMs = 5_000
/** A share of one core below which the process counts as idle: a pause then delays nobody. */
const idleUtilization = 0.05
/** What the heap must have grown by since the last collection to make another worth its pause. */
const worthwhileGrowth = 1.5
/** A collection pauses for about 2 ms a megabyte; larger heaps are left to V8, which stops in small steps. */
const largestHeapBytes = 128 * 1024 * 1024

/**
 * Lets the heap's young part stay at its first size instead of growing to 3 × 16 MiB on what a start leaves behind
 * (13 MiB less when the server is ready). For a process's first line; the server lets it grow again once it is up.
 */
export function limitYoungHeap(limited: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${limited ? 1 : 2}`)
}

/**
 * Does `work`, and meanwhile gives memory back to the machine whenever a start or a burst of work is over: V8 collects when it
 * allocates, so an idle process would keep what it last needed (server 151 MB instead of 125, agent 109 instead of 91).
 */
export async function returningIdleMemory<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const returning = returnIdleMemory(clock, stopping.signal)
  try {
    return await work()
  } finally {
    stopping.abort()
    await returning
  }
}

async function returnIdleMemory(clock: Clock, signal: AbortSignal): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  let collectedBytes = 0
  while (!signal.aborted) {
    const before = performance.eventLoopUtilization()
    await clock.sleep(lookEveryMs, signal)
    const { utilization } = performance.eventLoopUtilization(before)
    const heapBytes = getHeapStatistics().total_physical_size
    const worthwhile = heapBytes > collectedBytes * worthwhileGrowth && heapBytes < largestHeapBytes
    if (worthwhile && utilization < idleUtilization && !signal.aborted) {
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
      collectedBytes = getHeapStatistics().total_physical_size
    }
  }
}
