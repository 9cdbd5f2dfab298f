import { isPodReady, isPodTerminal, type ReadonlyPod } from '../pods.ts'

/** All that endpoints show of a Pod, as text: as long as it is the same, no Service needs a look. */
export function endpointFacts(pod: ReadonlyPod): string {
  const { metadata, spec, status } = pod
  return JSON.stringify([
    metadata?.labels,
    metadata?.deletionTimestamp !== undefined,
    isPodTerminal(pod),
    isPodReady(pod),
    status?.podIP,
    status?.podIPs,
    spec?.nodeName,
    spec?.hostname,
    spec?.subdomain,
  ])
}

/** Whether a Pod may be an endpoint at all. After endpointslice util ShouldPodBeInEndpoints. */
export function canBeEndpoint(pod: ReadonlyPod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || addressesOf(pod).length === 0) return false
  return includeTerminating || pod.metadata?.deletionTimestamp === undefined
}

export function addressesOf({ status }: ReadonlyPod): readonly string[] {
  const addresses = (status?.podIPs ?? []).map(({ ip }) => ip ?? '').filter((ip) => ip !== '')
  return addresses.length > 0 || !status?.podIP ? addresses : [status.podIP]
}

export function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}
