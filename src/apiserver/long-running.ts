import type { RequestInfo } from './request.ts'

const longRunningVerbs: ReadonlySet<string> = new Set(['watch', 'proxy'])
const longRunningSubresources: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

/**
 * Whether a request has no time limit and takes no seat among those in flight. After kube-apiserver's
 * BasicLongRunningRequestCheck v1.36.
 */
export function isLongRunning({ isResourceRequest, verb, subresource }: RequestInfo): boolean {
  return isResourceRequest && (longRunningVerbs.has(verb) || longRunningSubresources.has(subresource))
}
