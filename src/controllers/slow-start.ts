/**
 * Calls `work` `count` times, in batches of 1, 2, 4, … side by side, and stops after the first batch with a failure:
 * when a quota refuses one Pod, it would refuse the thousand others too. Answers how many calls went well and the
 * first error. After pkg/controller/replicaset slowStartBatch.
 */
export async function slowStart(
  count: number,
  work: () => Promise<void>,
): Promise<{ readonly successes: number; readonly error?: unknown }> {
  let successes = 0
  for (let batch = Math.min(1, count); batch > 0; batch = Math.min(batch * 2, count - successes)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, work))
    const failed = results.filter((result) => result.status === 'rejected')
    successes += batch - failed.length
    if (failed[0]) return { successes, error: failed[0].reason }
  }
  return { successes }
}
