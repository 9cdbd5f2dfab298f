import type { APIService, APIServiceCondition } from '../../api/types/apiregistration/v1.ts'
import type { Service } from '../../api/types/core/v1.ts'
import type { EndpointSlice } from '../../api/types/discovery/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** What is known of an API's Service without asking it. */
export interface ServiceView {
  readonly service: DeepReadonly<Service> | undefined
  readonly endpointSlices: readonly DeepReadonly<EndpointSlice>[]
}

/** A condition without its times: those depend on the one before. */
export type Availability = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>

/**
 * Why an API cannot be available; undefined when it has to be asked itself. Pure. After kube-aggregator
 * controllers/status/remote/remote_available_controller.go v1.36.
 */
export function whyUnavailable(
  { spec }: DeepReadonly<APIService>,
  { service, endpointSlices }: ServiceView,
): Availability | undefined {
  const { namespace = '', name = '', port = 443 } = spec?.service ?? {}
  const which = `service/${name} in ${JSON.stringify(namespace)}`
  const no = (reason: string, message: string): Availability => ({ status: 'False', reason, message })
  if (!service) return no('ServiceNotFound', `${which} is not present`)
  // Other types may lead anywhere, and are simply asked.
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined
  const found = service.spec?.ports?.find((candidate) => candidate.port === port)
  if (!found) return no('ServicePortError', `${which} is not listening on port ${port}`)
  if (endpointSlices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${which}`)
  const portName = found.name ?? ''
  if (endpointSlices.some((slice) => isServing(slice, portName))) return undefined
  const missing = `endpointslices for ${which} have no addresses with port name ${JSON.stringify(portName)}`
  return no('MissingEndpoints', missing)
}

function isServing({ endpoints = [], ports = [] }: DeepReadonly<EndpointSlice>, portName: string): boolean {
  return (
    endpoints.some(({ conditions }) => conditions?.ready !== false) &&
    ports.some(({ name, port }) => (name ?? '') === portName && port !== undefined)
  )
}

export const passed: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' }

export const local: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}

/** The status with this availability in it; the same object when it says so already. */
export function withAvailability(
  apiService: DeepReadonly<APIService>,
  availability: Availability,
  nowMs: number,
): DeepReadonly<APIService> {
  const { conditions = [] } = apiService.status ?? {}
  const before = conditions.find(({ type }) => type === 'Available')
  const { status, reason, message } = availability
  if (before && before.status === status && before.reason === reason && before.message === message) return apiService
  const since = before?.status === status ? before.lastTransitionTime : undefined
  const lastTransitionTime = since ?? `${new Date(nowMs).toISOString().slice(0, 19)}Z`
  const condition = { type: 'Available', lastTransitionTime, ...availability }
  const others = conditions.filter(({ type }) => type !== 'Available')
  return { ...apiService, status: { ...apiService.status, conditions: [...others, condition] } }
}
