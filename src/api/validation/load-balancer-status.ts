import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { LoadBalancerIngress, Service } from '../types/core/v1.ts'
import type { IngressLoadBalancerStatus } from '../types/networking/v1.ts'
import { checkForm, checkOneOf } from './checks.ts'
import { subdomainNameErrors } from './formats.ts'
import { checkLegacyIp, isLegacyIp } from './ip.ts'

/** Where a load balancer can be reached. After ValidateLoadBalancerStatus and ValidateIngressLoadBalancerStatus. */

const path = 'status.loadBalancer.ingress'

type Points = readonly { readonly ip?: string; readonly hostname?: string }[] | undefined

const addressesOf = (points: Points) => (points ?? []).flatMap(({ ip }) => (ip ? [ip] : []))

function checkHostname(hostname: string | undefined, at: string, errors: FieldError[]): void {
  if (!hostname) return
  checkForm(subdomainNameErrors, hostname, at, errors)
  if (isLegacyIp(hostname)) errors.push(invalidField(at, hostname, 'must be a DNS name, not an IP address'))
}

/** The status of a Service. */
export function validateServiceStatus(service: DeepReadonly<Service>, old: DeepReadonly<Service>): FieldError[] {
  const errors: FieldError[] = []
  const points = service.status?.loadBalancer?.ingress ?? []
  if (service.spec?.type !== 'LoadBalancer') {
    const why = "may only be used when `spec.type` is 'LoadBalancer'"
    return points.length > 0 ? [forbiddenField(path, why)] : []
  }
  const kept = addressesOf(old.status?.loadBalancer?.ingress)
  points.forEach((point, index) => {
    checkPoint(point, kept, `${path}[${index}]`, errors)
  })
  return errors
}

function checkPoint(
  { ip, ipMode, hostname }: DeepReadonly<LoadBalancerIngress>,
  kept: readonly string[],
  at: string,
  errors: FieldError[],
): void {
  if (ip) checkLegacyIp(ip, `${at}.ip`, errors, kept)
  const modePath = `${at}.ipMode`
  if (ipMode === undefined) {
    if (ip) errors.push(requiredField(modePath, 'must be specified when `ip` is set'))
  } else if (!ip) errors.push(forbiddenField(modePath, 'may not be specified when `ip` is not set'))
  else checkOneOf(ipMode, ['Proxy', 'VIP'], modePath, errors)
  checkHostname(hostname, `${at}.hostname`, errors)
}

type StatusOf = { readonly status?: { readonly loadBalancer?: DeepReadonly<IngressLoadBalancerStatus> } }

/** The status of an Ingress, which has no modes. */
export function validateIngressStatus({ status }: StatusOf, old: StatusOf): FieldError[] {
  const errors: FieldError[] = []
  const kept = addressesOf(old.status?.loadBalancer?.ingress)
  status?.loadBalancer?.ingress?.forEach(({ ip, hostname }, index) => {
    if (ip) checkLegacyIp(ip, `${path}[${index}].ip`, errors, kept)
    checkHostname(hostname, `${path}[${index}].hostname`, errors)
  })
  return errors
}
