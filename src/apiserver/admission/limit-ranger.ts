import { podAmounts } from '../../api/core/pod-amounts.ts'
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/types/core/v1.ts'
import { limitRanges } from '../../api/types/resources.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

type Amounts = Readonly<Record<string, string>>

/** What one container, Pod or claim asks for. */
interface Demand {
  readonly requests: Amounts
  readonly limits: Amounts
}

const defaultsAnnotation = 'kubernetes.io/limit-ranger'

/** Default and allowed amounts of a namespace. After plugin/pkg/admission/limitranger v1.36. */
export function limitRanger(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    handles: ['CREATE', 'UPDATE'],
    mutate(attributes) {
      if (attributes.definition.plural !== 'pods' || !isLimited(attributes)) return
      for (const range of reader.list(limitRanges, attributes.namespace)) setDefaults(attributes.object as Pod, range)
    },
    validate(attributes) {
      if (!isLimited(attributes)) return
      for (const range of reader.list(limitRanges, attributes.namespace)) {
        const failures = (range.spec?.limits ?? []).flatMap((item) =>
          demandsOf(attributes, item).flatMap((demand) => check(item, demand)),
        )
        if (failures.length > 0) throw refuse(attributes, aggregateMessage(failures))
      }
    },
  }
}

/** Containers of a Pod do not change but by resizing; claims may grow. */
function isLimited(attributes: AdmissionAttributes): boolean {
  const { operation, definition, subresource, oldObject } = attributes
  // What is going must be able to go.
  if (oldObject?.metadata?.deletionTimestamp) return false
  if (concerns(attributes, '', 'persistentvolumeclaims')) return true
  if (definition.group !== '' || definition.plural !== 'pods') return false
  return operation === 'CREATE' ? subresource === '' : subresource === 'resize'
}

function setDefaults(pod: Pod, { spec }: Held<LimitRange>): void {
  const requests: Record<string, string> = {}
  const limits: Record<string, string> = {}
  for (const item of spec?.limits ?? []) {
    if (item.type !== 'Container') continue
    Object.assign(requests, item.defaultRequest)
    Object.assign(limits, item.default)
  }
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((container) => complete(container, 'container', { requests, limits })),
    ...(pod.spec?.initContainers ?? []).flatMap((container) =>
      complete(container, 'init container', { requests, limits }),
    ),
  ]
  if (notes.length === 0) return
  const annotations = {
    ...pod.metadata?.annotations,
    [defaultsAnnotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  }
  pod.metadata = { ...pod.metadata, annotations }
}

/** Adds what a container leaves out; returns a note about each kind of amount it added. */
function complete(container: Container, what: string, defaults: Demand): string[] {
  const added = (['requests', 'limits'] as const).map((kind) => {
    const own = container.resources?.[kind] ?? {}
    const names = Object.keys(defaults[kind]).filter((name) => getOwn(own, name) === undefined)
    if (names.length > 0) container.resources = { ...container.resources, [kind]: { ...defaults[kind], ...own } }
    return { noun: kind === 'requests' ? 'request' : 'limit', names: names.sort() }
  })
  return added
    .filter(({ names }) => names.length > 0)
    .map(({ noun, names }) => `${names.join(', ')} ${noun} for ${what} ${container.name}`)
}

function demandsOf({ definition, object }: AdmissionAttributes, { type }: DeepReadonly<LimitRangeItem>): Demand[] {
  if (definition.plural === 'persistentvolumeclaims') {
    const { resources } = (object as PersistentVolumeClaim).spec ?? {}
    return type === 'PersistentVolumeClaim' ? [{ requests: resources?.requests ?? {}, limits: {} }] : []
  }
  const pod = object as Pod
  if (type === 'Pod') return [{ requests: podDemand(pod, 'requests'), limits: podDemand(pod, 'limits') }]
  if (type !== 'Container') return []
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  return containers.map(({ resources }) => ({ requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }))
}

function podDemand(pod: Pod, kind: 'requests' | 'limits'): Amounts {
  return Object.fromEntries([...podAmounts(pod, kind)].map(([name, amount]) => [name, amount.toString()]))
}

function check(item: DeepReadonly<LimitRangeItem>, demand: Demand): string[] {
  const { type, min = {}, max = {}, maxLimitRequestRatio = {} } = item
  const isOfClaims = type === 'PersistentVolumeClaim'
  const checkMax = isOfClaims ? aboveMaxRequest : aboveMax
  const ratios = isOfClaims ? {} : maxLimitRequestRatio
  return [
    ...Object.entries(min).map(([name, bound]) => belowMin({ type, name, bound, ...at(demand, name) })),
    ...Object.entries(max).map(([name, bound]) => checkMax({ type, name, bound, ...at(demand, name) })),
    ...Object.entries(ratios).map(([name, bound]) => aboveRatio({ type, name, bound, ...at(demand, name) })),
  ].filter((failure) => failure !== undefined)
}

interface Bounded {
  readonly type: string
  readonly name: string
  readonly bound: string
  readonly request: Quantity | undefined
  readonly limit: Quantity | undefined
}

function at({ requests, limits }: Demand, name: string): Pick<Bounded, 'request' | 'limit'> {
  const quantity = (text: string | undefined) => (text === undefined ? undefined : parseQuantity(text))
  return { request: quantity(getOwn(requests, name)), limit: quantity(getOwn(limits, name)) }
}

function belowMin({ type, name, bound, request, limit }: Bounded): string | undefined {
  const least = parseQuantity(bound)
  const text = `minimum ${name} usage per ${type} is ${least}`
  if (!request) return `${text}.  No request is specified`
  if (request.compare(least) < 0) return `${text}, but request is ${request}`
  return limit && limit.compare(least) < 0 ? `${text}, but limit is ${limit}` : undefined
}

function aboveMaxRequest({ type, name, bound, request }: Bounded): string | undefined {
  const most = parseQuantity(bound)
  const text = `maximum ${name} usage per ${type} is ${most}`
  if (!request) return `${text}.  No request is specified`
  return request.compare(most) > 0 ? `${text}, but request is ${request}` : undefined
}

function aboveMax({ type, name, bound, request, limit }: Bounded): string | undefined {
  const most = parseQuantity(bound)
  const text = `maximum ${name} usage per ${type} is ${most}`
  if (!limit) return `${text}.  No limit is specified`
  if (limit.compare(most) > 0) return `${text}, but limit is ${limit}`
  return request && request.compare(most) > 0 ? `${text}, but request is ${request}` : undefined
}

function aboveRatio({ type, name, bound, request, limit }: Bounded): string | undefined {
  const most = parseQuantity(bound)
  const text = `${name} max limit to request ratio per ${type} is ${most}`
  if (!request || request.nano === 0n) return `${text}, but no request is specified or request is 0`
  if (!limit || limit.nano === 0n) return `${text}, but no limit is specified or limit is 0`
  const ratio = Number(limit.milli()) / Number(request.milli())
  return ratio * 1000 > Number(most.milli()) ? `${text}, but provided ratio is ${ratio.toFixed(6)}` : undefined
}
