import type { Handler, Step } from './request.ts'

/**
 * One handler out of steps, in their order, before the handler that answers. The order is the array's: whoever reads
 * it knows the way of a request. After apiserver server/config.go DefaultBuildHandlerChain v1.36.
 */
export function compose(steps: readonly Step[], serve: Handler): Handler {
  return steps.reduceRight<Handler>((next, step) => (context) => step(context, next), serve)
}
