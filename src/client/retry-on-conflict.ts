import { isStatus } from '../machinery/status.ts'

/** How often `retryOnConflict` tries, the first time included. client-go's DefaultRetry. */
const defaultAttempts = 5

/**
 * Calls `change` again as long as it ends in a 409 Conflict. `change` must read the object afresh each time.
 * Other errors, and the last conflict, are thrown. After client-go util/retry; without its 10 ms pauses, since the
 * fresh read already takes the place of waiting.
 */
export async function retryOnConflict<R>(change: () => Promise<R>, attempts = defaultAttempts): Promise<R> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change()
    } catch (error) {
      if (attempt >= attempts || !isStatus(error, 'Conflict')) throw error
    }
  }
}
