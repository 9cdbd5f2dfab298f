/** As many requests at once as leave room for others below the server's limit of 200 writes in flight. */
const maxBatch = 50

/**
 * Calls `work` `count` times, in batches of 1, 2, 4, … up to 50 side by side, and stops after the first batch with a failure:
 * when a quota refuses one Pod, it would refuse the thousand others too. Answers how many calls went well and the
 * first error. After pkg/controller/replicaset slowStartBatch.
 */
export async function slowStart(
  count: number,
  work: () => Promise<void>,
): Promise<{ readonly successes: number; readonly error?: unknown }> {
  let successes = 0
  for (let batch = Math.min(1, count); batch > 0; batch = Math.min(batch * 2, maxBatch, count - successes)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, work))
    const failed = results.filter((result) => result.status === 'rejected')
    successes += batch - failed.length
    if (failed[0]) return { successes, error: failed[0].reason }
  }
  return { successes }
}

/** Calls `work` for each item, at most 50 side by side. Answers the first error; one failure stops none of the others. */
export async function forEachInBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<unknown> {
  let error: unknown
  for (let start = 0; start < items.length; start += maxBatch) {
    const results = await Promise.allSettled(items.slice(start, start + maxBatch).map(work))
    error ??= results.find((result) => result.status === 'rejected')?.reason
  }
  return error
}
