/**
 * Resolves to true when all these caches hold their first list, to false when `signal` aborts before: whoever is told to
 * end while the server is away must not wait for it.
 */
export async function untilSynced(
  caches: readonly { readonly synced: Promise<unknown> }[],
  signal: AbortSignal,
): Promise<boolean> {
  const { promise: aborted, resolve } = Promise.withResolvers<false>()
  const abort = () => resolve(false)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([aborted, Promise.all(caches.map(({ synced }) => synced)).then(() => true)])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
