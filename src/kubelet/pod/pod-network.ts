import type { PodAddresses } from '../containers/field-ref.ts'
import { hostnameAndDomain } from '../containers/hosts-file.ts'
import type { NodeContext } from './node-context.ts'
import { isHostNetwork, nameOf, namespaceOf, type ReadonlyPod } from './pod.ts'
import { type PodRuntime, readySandbox } from './runtime-state.ts'

/** The addresses of a Pod as it runs now; in the node's network they are the node's. */
export function addressesOf(context: NodeContext, pod: ReadonlyPod, runtime: PodRuntime): PodAddresses {
  const podIps = isHostNetwork(pod) ? context.hostIps : (readySandbox(runtime)?.ips ?? [])
  return { podIps, hostIps: context.hostIps }
}

export function hostnameOf(context: NodeContext, pod: ReadonlyPod): { hostname: string; hostDomain: string } {
  const { hostname, hostnameOverride, subdomain, setHostnameAsFQDN } = pod.spec ?? {}
  const names = hostnameAndDomain({
    name: nameOf(pod),
    namespace: namespaceOf(pod),
    hostname: hostnameOverride ?? hostname,
    subdomain: hostnameOverride ? undefined : subdomain,
    clusterDomain: context.clusterDomain,
  })
  if (!setHostnameAsFQDN || names.hostDomain === '') return names
  return { ...names, hostname: `${names.hostname}.${names.hostDomain}` }
}
