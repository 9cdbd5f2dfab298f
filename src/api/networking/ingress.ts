import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, loadBalancerAddresses, nameColumn, text } from '../printing.ts'
import type { Ingress } from '../types/networking/v1.ts'
import { ingresses } from '../types/resources.ts'
import { validateIngress, validateIngressUpdate } from '../validation/ingress.ts'
import { ipWarnings } from '../validation/ip.ts'
import { validateIngressStatus } from '../validation/load-balancer-status.ts'

const shownRules = 3

/** The hosts of the first three rules, and how many rules there are beside. */
function hostsText({ spec }: DeepReadonly<Ingress>): string {
  const rules = spec?.rules ?? []
  const hosts = rules
    .slice(0, shownRules)
    .map(({ host }) => host ?? '')
    .filter((host) => host !== '')
  if (hosts.length === 0) return '*'
  const rest = rules.length - shownRules
  return hosts.length === shownRules && rest > 0 ? `${hosts.join(',')} + ${rest} more...` : hosts.join(',')
}

const classAnnotation = 'kubernetes.io/ingress.class'

/** Of new objects only. */
function classWarnings({ metadata, spec }: DeepReadonly<Ingress>, old: DeepReadonly<Ingress> | undefined): string[] {
  const isOldStyle = metadata?.annotations?.[classAnnotation] !== undefined && spec?.ingressClassName === undefined
  if (old || !isOldStyle) return []
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
}

function statusWarnings({ status }: DeepReadonly<Ingress>): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
    ip ? ipWarnings(ip, `status.loadBalancer.ingress[${index}]`) : [],
  )
}

export const ingress = define(ingresses, {
  validate: validateIngress,
  validateUpdate: validateIngressUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  warnings: classWarnings,
  status: { validateUpdate: validateIngressStatus, warnings: statusWarnings },
  storagePrefix: 'ingress',
  generationFields: ['spec'],
  columns: [
    nameColumn,
    text('Class', (object) => object.spec?.ingressClassName ?? '<none>'),
    text('Hosts', hostsText),
    text('Address', (object) => loadBalancerAddresses(object.status?.loadBalancer?.ingress)),
    text('Ports', (object) => (object.spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
})
