import { perSecond } from './statistics.ts'

/** As many requests are on their way at once. */
export const workerCount = 32

/** Does `work` for 0 … count-1, by workers side by side. Answers how many were done per second. */
export async function ratePerSecond(
  count: number,
  work: (index: number) => Promise<unknown>,
  workers = workerCount,
): Promise<number> {
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next
      next += 1
      await work(index)
    }
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: Math.min(workers, count) }, worker))
  return perSecond(count, performance.now() - startedMs)
}
