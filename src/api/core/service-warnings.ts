import type { DeepReadonly } from '../../machinery/object.ts'
import type { Service } from '../types/core/v1.ts'
import { cidrWarnings, ipWarnings } from '../validation/ip.ts'
import { noClusterIp } from './service-exposure.ts'

const topologyMode = 'service.kubernetes.io/topology-mode'
const topologyHints = 'service.kubernetes.io/topology-aware-hints'

const each = (values: readonly string[] | undefined, path: string, warnings: typeof ipWarnings) =>
  (values ?? []).flatMap((value, index) => warnings(value, `${path}[${index}]`))

/** What is old or without effect in a Service. After pkg/api/service GetWarningsForService v1.36. */
export function serviceWarnings({ metadata, spec = {} }: DeepReadonly<Service>): string[] {
  const { clusterIP = '', externalIPs = [], type } = spec
  const isHeadless = type === 'ClusterIP' && clusterIP === noClusterIp
  const isExternalName = type === 'ExternalName'
  const hasClusterIp = clusterIP !== '' && clusterIP !== noClusterIp
  const old = 'spec.externalIPs is deprecated and may no longer be implemented in some clusters'
  const preferClose = 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
  const when = (condition: boolean, warning: string) => (condition ? [warning] : [])
  return [
    ...when(
      metadata?.annotations?.[topologyHints] !== undefined,
      `annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`,
    ),
    ...(hasClusterIp ? each(spec.clusterIPs, 'spec.clusterIPs', ipWarnings) : []),
    ...when(isHeadless && Boolean(spec.loadBalancerIP), 'spec.loadBalancerIP is ignored for headless services'),
    ...when(isHeadless && externalIPs.length > 0, 'spec.externalIPs is ignored for headless services'),
    ...when(isHeadless && spec.sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'),
    ...each(externalIPs, 'spec.externalIPs', ipWarnings),
    ...when(externalIPs.length > 0 && !isHeadless && !isExternalName, old),
    ...(spec.loadBalancerIP ? ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP') : []),
    ...each(spec.loadBalancerSourceRanges, 'spec.loadBalancerSourceRanges', cidrWarnings),
    ...when(isExternalName && externalIPs.length > 0, 'spec.externalIPs is ignored when spec.type is "ExternalName"'),
    ...when(
      !isExternalName && Boolean(spec.externalName),
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ),
    ...when(spec.trafficDistribution === 'PreferClose', preferClose),
  ]
}

/** After the status strategy of Services, which names the entry and not its field. */
export function serviceStatusWarnings({ status }: DeepReadonly<Service>): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
    ip ? ipWarnings(ip, `status.loadBalancer.ingress[${index}]`) : [],
  )
}
