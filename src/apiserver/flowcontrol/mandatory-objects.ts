import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol/v1.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { bootstrapObjects } from '../bootstrap/objects.ts'

/** Always in force, whether their objects are there or not. After apis/flowcontrol/bootstrap/default.go v1.36. */
const mandatory: ReadonlySet<string> = new Set(['exempt', 'catch-all'])

function objectsOf<T extends KubeObject>(kind: string): readonly T[] {
  return bootstrapObjects.filter((object) => object.kind === kind).map(withoutStatus) as T[]
}

function withoutStatus({ status: _status, ...object }: KubeObject & { readonly status?: unknown }): KubeObject {
  return object
}

export const isMandatory = ({ metadata }: { readonly metadata?: { readonly name?: string } }) =>
  mandatory.has(metadata?.name ?? '')

/** All that a new cluster has, suggested ones included. */
export const bootstrapFlowSchemas = objectsOf<FlowSchema>('FlowSchema')
export const bootstrapPriorityLevels = objectsOf<PriorityLevelConfiguration>('PriorityLevelConfiguration')

export const mandatoryFlowSchemas = bootstrapFlowSchemas.filter(isMandatory)
export const mandatoryPriorityLevels = bootstrapPriorityLevels.filter(isMandatory)
