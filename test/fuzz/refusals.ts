import type { Status } from '../../src/machinery/status.ts'

/** Upstream takes these for its own failures, though clients bring them about. */
const internalUpstream = [/^Internal error occurred: failed to allocate/]

/**
 * Whether a Status tells the client what is wrong with its request. Some of upstream's own refusals are plain errors,
 * which it answers as a 500 without a reason; `InternalError` is the reason of what nobody foresaw.
 */
export function isRefusal({ code = 500, reason = '', message = '' }: Status): boolean {
  return code < 500 || reason !== 'InternalError' || internalUpstream.some((known) => known.test(message))
}
