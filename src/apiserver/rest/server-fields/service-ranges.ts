import type { ServiceCIDR } from '../../../api/types/networking/v1.ts'
import { serviceCIDRs } from '../../../api/types/resources.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { ObjectReader } from '../../object-reader.ts'
import { type IpFamily, type IpRange, parseIpRange } from './ip-range.ts'

/**
 * The networks of one family that Services may have addresses of: those the server was started with, and those of the
 * ServiceCIDR objects that are ready. After ipallocator/cidrallocator.go v1.36.
 */
export function serviceRanges(
  configured: readonly IpRange[],
  reader: Pick<ObjectReader, 'list'>,
): (family: IpFamily) => readonly IpRange[] {
  return (family) => {
    const known = new Set(configured.map(({ cidr }) => cidr))
    const added = reader
      .list(serviceCIDRs)
      .filter(isReady)
      .flatMap(({ spec }) => spec?.cidrs ?? [])
      .filter((cidr) => !known.has(cidr) && known.add(cidr))
    return [...configured, ...added.map(parseIpRange)].filter((range) => range.family === family)
  }
}

/** One of which nobody has said anything counts as ready: the controller that would may not run. */
function isReady({ metadata, status }: DeepReadonly<ServiceCIDR>): boolean {
  if (metadata?.deletionTimestamp) return false
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False'
}
